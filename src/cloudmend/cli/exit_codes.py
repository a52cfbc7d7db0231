"""The exit codes, the same for all commands."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
INCOMPLETE: Final = 1
BAD_INPUT: Final = 2
DECLINED: Final = 3
FOUND: Final = 4

MEANINGS: Final = {
    DONE: "done, and everything was read",
    INCOMPLETE: "something was not read, not mended, not proved, or is broken or unknown",
    BAD_INPUT: "the command, its input, the settings, or the policy is invalid, or there is no terminal to ask on",
    DECLINED: "you said no",
    FOUND: "--fail-on-findings found something",
}


def listed() -> str:
    """Return all codes with their meanings, in one sentence."""
    return "; ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items())
