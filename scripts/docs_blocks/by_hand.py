"""The lines with which a control is tried by hand, and what other projects do otherwise, from by_hand.toml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Control

_FILE: Final = Path(__file__).parent / "by_hand.toml"
_PLACE: Final = "an account for tests, such as [the embedded AWS](../embedded-aws.md)"
_SEEN: Final = {
    "fix": "If a stack watches the account, the second line shows within seconds that it is closed.",
    "observe": "If a stack watches the account, it reports what the first line did.",
    "off": "If a stack watches the account and its policy says `fix`, the second line soon shows what it did.",
}


class ByHand(Struct, frozen=True, forbid_unknown_fields=True):
    """Three commands of the AWS CLI, a line each: to open a resource, to see that, and to close it.

    `names` says what their words in capitals stand for, and `peers` what other projects do otherwise.
    """

    open: str
    see: str
    close: str
    names: str = ""
    peers: str = ""


def section(control: Control[Any]) -> str:
    """Return what a control's page says about both. Raises ValueError if by_hand.toml has no lines for the control."""
    said = _all().get(control.id)
    if said is None:
        raise ValueError(f"{control.id} has no lines to try it: write [{control.id}] in {_FILE}.")
    scan = [] if control.mode == "off" else [f"cloudmend scan --control {control.id}"]
    lines = "\n".join(line.strip() for line in (said.open, said.see, *scan, said.close))
    parts = (
        f"**Try**: open it, see it, and close it, in {_PLACE}.",
        f"<!-- test: try -->\n```bash\n{lines}\n```",
        " ".join(filter(None, (said.names, _SEEN[control.mode]))),
        f"**Others**: {said.peers}" if said.peers else "",
    )
    return "\n\n".join(filter(None, parts))


@cache
def _all() -> dict[str, ByHand]:
    return msgspec.toml.decode(_FILE.read_bytes(), type=dict[str, ByHand])
