"""The controls, from their literals and from the README in each one's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cloudmend import controls as package
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.control import Control
from docs_blocks.markdown import code, codes, table

_FOLDER: Final = Path(package.__file__).parent


def controls() -> str:
    """A section for each, in the order in which they run."""
    return "\n\n".join(map(_section, [CONTROL]))


def _section(control: Control) -> str:
    facts = (
        ("title", control.title),
        ("event source", code(control.event_source)),
        ("event names", codes(sorted(control.event_names))),
        ("permissions", codes(sorted(control.permissions))),
    )
    return f"## {control.id}\n\n{table(('id', code(control.id)), facts)}\n\n{_told(control)}"


def _told(control: Control) -> str:
    """What the folder's README says between its title and its list of files, with links as from docs/reference."""
    readme = (_FOLDER / control.id / "README.md").read_text(encoding="utf-8")
    return readme.partition("\n\n")[2].partition("\n| file |")[0].replace("../../../../docs/", "../").strip()
