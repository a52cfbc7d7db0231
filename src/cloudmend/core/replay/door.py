"""A rule at fault, from the call that opened it to the call that closed it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from cloudmend.core.model import Attribution


class Door(Struct, frozen=True, kw_only=True):
    """A rule that was open: what cloudmend would have done about it at once, and how long it stood open without that.

    Who opened and closed it is told in words that the caller may have chosen.
    """

    account: str
    region: str
    group: str  # its id; of old records, its name
    rule: str
    opening: str  # tcp/22 from 0.0.0.0/0
    why: str
    action: Literal["fix", "observe", "exempt"]
    outcome: str  # what would have been done, and the line of the policy that says so
    event_id: str
    event_name: str
    opened: datetime
    opened_by: Attribution
    principal: str  # ARN of the role or of whoever else opened it
    person: str  # whom to ask about it: the person where the record names one, else the principal; may be empty
    by_stranger: bool  # the principal is of another account than the group, or not known
    is_older: bool  # than the records: how long it was open before is not known, nor whether it is ingress
    closed: datetime | None = None
    closed_by: Attribution | None = None
    closed_with: str = ""  # the name of the call
    seconds_open: int = 0  # until it was closed, else until the records end
