"""What is behind a resource: what uses it, and where a stranger reaches that."""

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
        """Whether strangers reach what uses the resource, at the addresses, or whether anything uses it at all."""
        if self.addresses:
            return "reachable"
        return "in use" if self.users else "not in use"
