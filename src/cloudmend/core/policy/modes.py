"""Modes: where what is at fault is mended, only reported, or not looked at.

The treatment of findings from before cloudmend, and the rights that the stack grants, are read here too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from cloudmend.core.policy.catalog import FORMS, check_id
from cloudmend.core.policy.file import AllModesTable, ExistingTable, ModeTable
from cloudmend.core.policy.location import Document, Key, Location, Parameter, Refused, Review, did_you_mean
from cloudmend.core.policy.model import RIGHTS, Choice, Existing, Mode, Modes, Policy, rights_parameter

_FILLER: Final[Mode] = "observe"  # stands where a mode was refused
_EXISTING_FILLER: Final[Existing] = "observe"  # stands where a value was refused


def read_mode(value: object, location: Location) -> Mode:
    """Return the mode. Raises Refused for anything but the three."""
    if value == "fix":
        return "fix"
    if value == "observe":
        return "observe"
    if value == "off":
        return "off"
    raise Refused(location, f"{value!r} is not a mode", "Write fix (mend it), observe (only report it), or off.")


def read_modes(table: ModeTable, key: Key, review: Review) -> Modes:
    """Return the modes of a table."""
    for kind, names in (("account", table.account), ("vpc", table.vpc)):
        for name in names:
            review.attempt(None, check_id, FORMS[kind], name, key.at(kind, name))
    said = table.default is not None
    return Modes(
        default=review.attempt(_FILLER, read_mode, table.default, key.at("default")) if said else None,
        account=_modes(table.account, key.at("account"), review),
        vpc=_modes(table.vpc, key.at("vpc"), review),
    )


def moved_modes(
    table: AllModesTable,
    of_all: Modes,
    own: Mapping[str, Modes],
    document: Document,
    controls: Collection[str],
    review: Review,
) -> dict[str, Modes]:
    """Return the modes of controls, with those that a file of an earlier version has in `mode.control`.

    There, the mode of an account or of a VPC counts more than that of a control.
    """
    modes = dict(own)
    for name, value in table.control.items():
        old, new = document.at("mode", "control", name), document.at("control", name, "mode")
        if name not in controls:
            review.refuse(old, "there is no control of this id", did_you_mean(name, controls))
        elif name in own:
            review.refuse(old, f"{new} says it too", "Keep that one, and take this one out.")
        else:
            review.warn(old, f"this key has moved to {new}", "Write it there: the next version refuses it here.")
        mode = review.attempt(_FILLER, read_mode, value, old)
        modes[name] = Modes(default=mode, account=of_all.account, vpc=of_all.vpc)
    return modes


def _modes(table: Mapping[str, object], key: Key, review: Review) -> dict[str, Mode]:
    return {name: review.attempt(_FILLER, read_mode, value, key.at(name)) for name, value in table.items()}


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
        default=review.attempt(_EXISTING_FILLER, _read, table.default, key.at("default")) if said else None,
        account=_accounts(table.account, key.at("account"), review),
    )


def _accounts(table: Mapping[str, object], key: Key, review: Review) -> dict[str, Existing]:
    return {name: review.attempt(_EXISTING_FILLER, _read, value, key.at(name)) for name, value in table.items()}


def _read(value: object, location: Location) -> Existing:
    if value == "observe":
        return "observe"
    if value == "fix":
        return "fix"
    raise Refused(
        location,
        f"{value!r} is not what can become of what was there before",
        "Write observe (keep it as a baseline, and report it), or fix (mend it).",
    )


def read_rights(text: str, review: Review) -> Iterator[tuple[str, Mode]]:
    """Yield the modes by control. A mode that is none is refused."""
    for word in text.split():
        control, _, mode = word.partition("=")
        location = Parameter(RIGHTS, rights_parameter(control), ())
        yield control, review.attempt(_FILLER, read_mode, mode, location)
