"""This machine in the words of Lambda: what a function has to ask for to run here."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
_ARM: Final = frozenset({"aarch64", "arm64"})
# What Lambda takes a function for that names no architecture.
_DEFAULT: Final = "x86_64"


def architecture() -> str:
    """Return this machine's processor as Lambda names it."""
    return "arm64" if platform.machine() in _ARM else "x86_64"


def refusal(name: str, runtime: str | None, architectures: Sequence[str] | None) -> str | None:
    """Return why a function cannot run on this machine, and what to do; None if it can.

    `runtime` is None for a container image, `architectures` for a function that names none.
    """
    asked = (list(architectures or [_DEFAULT]), runtime or "a container image")
    if asked == ([architecture()], RUNTIME):
        return None
    return (
        f"The function {name} asks for {', '.join(asked[0])} and {asked[1]}. The embedded AWS runs functions on this "
        f"machine, which is {architecture()} with {RUNTIME}. Deploy it with Architectures: [{architecture()}] and "
        f"Runtime: {RUNTIME}. cloudmend's template has parameters for both, which ./deploy.sh sets by itself: "
        f"Architecture={architecture()} Runtime={RUNTIME}."
    )
