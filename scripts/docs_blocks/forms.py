"""The forms in which events arrive, from the tables that recognize them."""

from __future__ import annotations

from cloudmend.core.recognized import KINDS
from cloudmend.core.wrappings import ANY_KEY, FORMS
from docs_blocks.markdown import code, table


def forms() -> str:
    """Return the forms that cloudmend understands, with the keys around an event."""
    return table(
        ("where it comes from", "keys around the event"), ((form.name, code(form.path)) for form in (*FORMS, ANY_KEY))
    )


def kinds() -> str:
    """Return the forms that cloudmend recognizes and that hold no event."""
    return table(("form", "what to do"), ((kind.name, _advice(kind.ignored, kind.advice)) for kind in KINDS))


def _advice(ignored: bool, advice: str) -> str:
    return f"*Ignored.* {advice}" if ignored else advice
