"""The parts of docs/ and of the README that are generated: each is a block of a page, between two comments.

A page holds `<!-- generated: NAME -->`, the block, and `<!-- end -->`; what is outside of them is written by hand. A
new block is a function without arguments and a line here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from docs_blocks import commands, controls, costs, decisions, example, forms, policy, structs, template

BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands.commands,
    "controls in brief": controls.brief,
    "controls overview": controls.overview,
    "costs of accounts": costs.accounts,
    "costs worked": costs.worked,
    "decisions": decisions.decisions,
    "denials": template.denials,
    "entry": structs.entry,
    "event detail": structs.detail,
    "event forms": forms.forms,
    "event kinds": forms.kinds,
    "example control": example.control,
    "example project": example.project,
    "example test": example.test,
    "exemption": structs.exemption,
    "parameters": template.parameters,
    "outputs": template.outputs,
    "policy keys": policy.keys,
    "policy keys of controls": policy.control_keys,
    "policy sets": policy.named_sets,
    "rights of controls": template.rights,
    "scan rights": controls.scan_rights,
    "standing": structs.standing,
    "unit": structs.unit,
}

_BLOCK: Final = re.compile(r"(?<=<!-- generated: )([^>]+?) -->\n.*?(?=<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return the page with each of its blocks generated again.

    Raises KeyError for a block that nothing generates.
    """
    return _BLOCK.sub(lambda found: f"{found[1]} -->\n\n{BLOCKS[found[1]]().strip()}\n\n", page)


def named(page: str) -> list[str]:
    """Return the names of the blocks of a page."""
    return [found[1] for found in _BLOCK.finditer(page)]
