"""The fate of what was there before cloudmend: kept as a baseline and only reported, or mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cloudmend.core.policy.file import ExistingTable
from cloudmend.core.policy.ids import FORMS, check_id
from cloudmend.core.policy.model import Choice, Existing, Policy
from cloudmend.core.policy.place import Key, Place, Refused
from cloudmend.core.policy.review import Review

_FILLER: Final[Existing] = "observe"  # stands where a value was refused


def existing_of(policy: Policy, control: str, account: str) -> Existing:
    """Return what becomes of what was there before, of a control in an account.

    A line that names both decides. Otherwise `observe` counts if the account's line or the control's says so. What
    nothing is said of is as the default of all says, and that is `observe` unless it is written otherwise.
    """
    own, of_all = policy.existing_of_control.get(control, Choice()), policy.existing
    if account in own.account:
        return own.account[account]
    said = {each for each in (of_all.account.get(account), own.default) if each}
    if not said:
        return of_all.default or "observe"
    return "observe" if "observe" in said else "fix"


def read_choice(table: ExistingTable, key: Key, review: Review) -> Choice:
    """Return the values of a table."""
    for name in table.account:
        review.attempt(None, check_id, FORMS["account"], name, key.at("account", name))
    said = table.default is not None
    return Choice(
        default=review.attempt(_FILLER, _read, table.default, key.at("default")) if said else None,
        account=_accounts(table.account, key.at("account"), review),
    )


def _accounts(table: Mapping[str, object], key: Key, review: Review) -> dict[str, Existing]:
    return {name: review.attempt(_FILLER, _read, value, key.at(name)) for name, value in table.items()}


def _read(value: object, place: Place) -> Existing:
    if value == "observe":
        return "observe"
    if value == "fix":
        return "fix"
    raise Refused(
        place,
        f"{value!r} is not what can become of what was there before",
        "Write observe (keep it as a baseline, and report it), or fix (mend it).",
    )
