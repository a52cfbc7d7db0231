"""The users of a resource, and the addresses at which a stranger reaches them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Reach(Struct, frozen=True, kw_only=True):
    """The users of a resource, which are so many of a kind (`noun`), and the public addresses at which they answer."""

    users: int = 0
    noun: str = "user"
    addresses: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["reachable", "in use", "not in use"]:
        """The answer in words: strangers reach its users, it has users, or it has none."""
        if self.addresses:
            return "reachable"
        return "in use" if self.users else "not in use"
