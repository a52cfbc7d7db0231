"""The controls, from their literals and from what each one's folder or file says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Any, Final

from cloudmend import controls as package
from cloudmend.controls import every
from cloudmend.core.contract import Control, Right
from docs_blocks import by_hand, template
from docs_blocks.markdown import code, codes, table

_FOLDER: Final = Path(package.__file__).parent
_ALL_RIGHTS: Final = "[the template](../reference/template.md#rights-of-the-controls)"
_WRITTEN: Final = "<!-- Generated from the control: make generate. -->"


def overview() -> str:
    """Return a row for each control, in the order in which the controls run."""
    rows = (
        (f"[{code(each.id)}](../controls/{_page(each)})", each.title, code(each.mode), _rights(each.writes))
        for each in every()
    )
    return table(("control", "it finds", "mode by default", "right to mend"), rows)


def brief() -> str:
    """Return a row for each control, with links as from the README."""
    rows = (
        (f"[{code(each.id)}](docs/controls/{_page(each)})", each.title, each.severity, code(each.mode))
        for each in every()
    )
    return table(("control", "it finds", "severity", "mode by default"), rows)


def pages() -> Mapping[str, str]:
    """Return the page of each control, by the name of its file."""
    return {_page(control): _text(control) for control in every()}


def navigation() -> str:
    """Return the lines of the site's navigation that lead to these pages."""
    return "".join(f"- {control.id}: controls/{_page(control)}\n" for control in every())


def scan_rights() -> str:
    """Return a table of the rights that a look with each control needs."""
    rows = ((code(each.id), _rights((*each.reads, *each.follows, *each.looks))) for each in every())
    return table(("control", "rights to look"), rows)


def _page(control: Control[Any]) -> str:
    return f"{control.id}.md"


def _text(control: Control[Any]) -> str:
    facts = table(("id", code(control.id)), _facts(control))
    parts = (
        f"# {control.title}",
        _WRITTEN,
        facts,
        _told(control),
        by_hand.section(control),
        f"**In your code**: {control.advice}",
        "## Rights",
        f"What the stack grants for it in its Region; {_ALL_RIGHTS} has all.",
        template.rights_of([control]),
    )
    return "\n\n".join(parts) + "\n"


def _facts(control: Control[Any]) -> Iterator[tuple[str, str]]:
    yield "title", control.title
    yield "severity", control.severity
    yield "mode by default", code(control.mode)
    yield "resource", f"{control.resource.noun} ({code(control.resource.type)})"
    yield "event source", codes(sorted({trigger.source for trigger in control.triggers}))
    yield "event names", codes(sorted({trigger.name for trigger in control.triggers}))
    yield "reads with", _rights((*control.reads, *control.follows))
    yield "mends with", _rights(control.writes)
    if control.asks:
        yield "asks afterwards with", _rights(control.asks)
    yield "undone with", _rights(control.undoes)
    if control.references:
        yield "see also", ", ".join(control.references)


def _rights(rights: Iterable[Right]) -> str:
    return ", ".join(dict.fromkeys(map(_right, rights)))


def _right(right: Right) -> str:
    """Return an action, and the condition keys that narrow it."""
    narrowed = list(template.conditions(right.block))
    return f"{code(right.action)} if {' and '.join(narrowed)}" if narrowed else code(right.action)


def _told(control: Control[Any]) -> str:
    """Return the text of the folder's README between its title and its list of files, with links as from docs/controls.

    If the control is one file, the text is the docstring of that file.
    """
    readme = _FOLDER / control.id / "README.md"
    if not readme.exists():
        return str(getdoc(import_module(f"{package.__name__}.{control.id}")))
    text = readme.read_text(encoding="utf-8")
    return text.partition("\n\n")[2].partition("\n| file |")[0].replace("../../../../docs/", "../").strip()
