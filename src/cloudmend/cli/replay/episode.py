"""A part at fault, from the call that put it at fault to the call that ended that; and what no record tells."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from cloudmend.core.decide import Action
from cloudmend.core.model import Attribution


class Episode(Struct, frozen=True, kw_only=True):
    """A part while it was at fault: what cloudmend would have done at once, and how long it stood open.

    The words for the callers that opened and closed it may be the callers' own.
    """

    control: str
    account: str
    region: str
    resource: str  # its id; of old records, its name
    label: str  # how a sentence calls the resource
    part: str
    opening: str  # its value in words: tcp/22 from 0.0.0.0/0
    why: str
    action: Action
    outcome: str  # what would have been done, and the line of the policy that says so
    event_id: str
    event_name: str
    opened: datetime
    opened_by: Attribution
    principal: str  # ARN of the role or of whoever else opened it
    person: str  # whom to ask about it: the person where the record names one, else the principal; may be empty
    by_stranger: bool  # the principal is of another account than the resource, or not known
    is_older: bool  # than the records: how long it was open before is not known
    note: str = ""  # what else the records do not tell of it, in a sentence
    has_id: bool = True  # False: only the resource's name is known
    closed: datetime | None = None
    closed_by: Attribution | None = None
    closed_with: str = ""  # the name of the call
    seconds_open: int = 0  # until it was closed, else until the records end


class UnjudgedCalls(Struct, frozen=True, kw_only=True):
    """Calls that a control watches, and that a replay cannot judge; `why` stands after "because"."""

    control: str
    calls: int
    why: str


class RecordGaps(Struct, frozen=True, kw_only=True):
    """The gaps of the records."""

    older_parts: int = 0  # changes of parts that the records do not tell the opening of
    nameless: int = 0  # calls that name no resource
    not_judged: tuple[UnjudgedCalls, ...] = ()
    caveats: tuple[str, ...] = ()  # what of the policy the records are too poor for
