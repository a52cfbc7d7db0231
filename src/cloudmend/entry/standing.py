"""The inputs of a decision beside the policy: exemptions, the switch, recent mends. For commands that only look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from cloudmend.core.ending import FLAP_WINDOW
from cloudmend.core.ledger import Entries, Entry, Exemptions, Ledger
from cloudmend.core.policy import Mode


class Standing(Struct, frozen=True, kw_only=True):
    """The exemptions that hold, the switch's mode, and the ledger, where one is known."""

    exemptions: Exemptions = Exemptions(())
    switch: Mode | None = None
    ledger: Ledger | None = None

    def recent(self, resource_id: str, now: datetime) -> Sequence[Entry]:
        """Return what was done about a resource of late, oldest first. Raises CloudmendError."""
        return tuple(Entries(self.ledger.recent(resource_id, now - FLAP_WINDOW))) if self.ledger else ()


NOTHING: Final = Standing()
