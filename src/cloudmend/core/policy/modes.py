"""Modes: where what is at fault is mended, only reported, or not looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from cloudmend.core.policy.file import AllModesTable, ModeTable
from cloudmend.core.policy.ids import FORMS, check_id
from cloudmend.core.policy.model import Mode, Modes
from cloudmend.core.policy.place import Document, Key, Place, Refused, did_you_mean
from cloudmend.core.policy.review import Review

_FILLER: Final[Mode] = "observe"  # stands where a mode was refused


def read_mode(value: object, place: Place) -> Mode:
    """Return the mode. Raises Refused for anything but the three."""
    if value == "fix":
        return "fix"
    if value == "observe":
        return "observe"
    if value == "off":
        return "off"
    raise Refused(place, f"{value!r} is not a mode", "Write fix (mend it), observe (only report it), or off.")


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
