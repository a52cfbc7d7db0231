"""Leaving something open on purpose, for a while: on whose word, why, and until when."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from cloudmend.core.errors import InputError
from cloudmend.core.ledger import TimedExemption

LONGEST: Final = timedelta(days=30)  # what shall stay open for longer belongs in the policy, where it is reviewed

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"([0-9]{1,4})([mhd])")
_GROUP: Final = re.compile(r"sg-[0-9a-f]{8,17}")
_RULE: Final = re.compile(r"sgr-[0-9a-f]{8,17}")


class Grounds(Struct, frozen=True, kw_only=True):
    """Why something is left open, and who answers for it. `caller` is the ARN of who asks. Raises InputError."""

    owner: str
    reason: str
    duration: timedelta
    caller: str

    def __post_init__(self) -> None:
        if not (self.owner.strip() and self.reason.strip()):
            raise InputError("An exemption needs an owner and a reason. Say why with --reason.")
        if not timedelta() < self.duration <= LONGEST:
            raise InputError(
                f"An exemption lasts from a minute to {LONGEST.days} days, such as 2h. What shall stay open for "
                "longer belongs in the policy file."
            )

    def exemption(self, exemption_id: str, group: str, now: datetime, rule: str = "") -> TimedExemption:
        """Raises InputError where the ids are none of a security group and its rule."""
        if not _GROUP.fullmatch(group):
            raise InputError(f"{group!r} is not a security group id. One is like sg-05fe30eb67c909f27.")
        if rule and not _RULE.fullmatch(rule):
            raise InputError(f"{rule!r} is not a security group rule id. One is like sgr-05fe30eb67c909f27.")
        return TimedExemption(
            id=exemption_id,
            group=group,
            rule=rule,
            owner=self.owner,
            reason=self.reason,
            expires=now + self.duration,
            created=now,
            created_by=self.caller,
        )


def parse_duration(text: str) -> timedelta:
    """30m, 2h or 3d. Raises InputError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is not a duration. Write minutes, hours or days, such as 30m, 2h or 3d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
