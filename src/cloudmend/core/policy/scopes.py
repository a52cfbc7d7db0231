"""Modes and exemptions: where cloudmend may act, and where it leaves open what is open."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from cloudmend.core.policy.file import EXAMPLES, REQUIRED, ExemptionTable, ModeTable
from cloudmend.core.policy.model import SCOPES, Exemption, Mode, Modes
from cloudmend.core.policy.place import Document, Key, Place, Refused, did_you_mean
from cloudmend.core.policy.review import Review

_FILLER: Final[Mode] = "observe"  # stands where a mode was refused
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_LONG: Final = timedelta(days=5 * 366)


class _Form(Struct, frozen=True):
    """What an id looks like."""

    words: str
    pattern: str
    example: str


_FORMS: Final = {
    "group": _Form("the id of a security group", "sg-[0-9a-f]{8,17}", "sg-0123456789abcdef0"),
    "vpc": _Form("the id of a VPC", "vpc-[0-9a-f]{8,17}", "vpc-0123456789abcdef0"),
    "account": _Form("the id of an account", "[0-9]{12}", "111122223333"),
    "actor_role": _Form(
        "the ARN of a role", r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", "arn:aws:iam::111122223333:role/NAME"
    ),
}


def read_mode(value: object, place: Place) -> Mode:
    """Return the mode. Raises Refused for anything but the two."""
    if value == "fix":
        return "fix"
    if value == "observe":
        return "observe"
    raise Refused(place, f"{value!r} is not a mode", "Write fix (close what is open) or observe (only report it).")


def read_modes(table: ModeTable, document: Document, controls: Collection[str], review: Review) -> Modes:
    """Return all modes of a file; `controls` are the ids of those that there are."""
    mode = document.at("mode")
    for control in table.control:
        if control not in controls:
            told = did_you_mean(control, controls)
            review.refuse(mode.at("control", control), "there is no control of this id", told)
    for kind, names in (("account", table.account), ("vpc", table.vpc)):
        for name in names:
            review.attempt(None, _check_id, kind, name, mode.at(kind, name))
    return Modes(
        default=review.attempt(_FILLER, read_mode, table.default, mode.at("default")),
        control=_modes(table.control, mode.at("control"), review),
        account=_modes(table.account, mode.at("account"), review),
        vpc=_modes(table.vpc, mode.at("vpc"), review),
    )


def _modes(table: Mapping[str, object], key: Key, review: Review) -> dict[str, Mode]:
    return {name: review.attempt(_FILLER, read_mode, value, key.at(name)) for name, value in table.items()}


def read_exemptions(
    tables: Sequence[ExemptionTable | None], document: Document, now: datetime | None, review: Review
) -> tuple[Exemption, ...]:
    """Return the exemptions. Two of one scope are refused: which expiry should hold?

    Without `now` it is not looked at when they expire.
    """
    keys = [document.at("exemption", index) for index in range(len(tables))]
    whole = [(table, key) for table, key in zip(tables, keys, strict=True) if table is not None]
    read = [(_exemption(table, key, review), key) for table, key in whole]
    scopes = [exemption.scope for exemption, _ in read]
    for place, (exemption, key) in enumerate(read):
        first = scopes.index(exemption.scope)
        if exemption.scope and first != place:
            review.refuse(key, f"it has the scope of {read[first][1]}", "Keep the one that is meant.")
        if now is not None and not review.refuses(key):
            _doubt(exemption, key, now, review)
    return tuple(exemption for exemption, _ in read)


def _exemption(table: ExemptionTable, key: Key, review: Review) -> Exemption:
    """Return what can be read of it: what is refused is empty, and the policy with it."""
    scope = {name: value for name in SCOPES if (value := getattr(table, name)) is not None}
    if not scope and not review.refuses(key):
        review.refuse(key, "it would exempt everything", f"Add at least one of {', '.join(SCOPES)}.")
    for name, value in scope.items():
        review.attempt(None, _check_id, name, value, key.at(name))
    for name in REQUIRED:
        if getattr(table, name) is None and not review.refuses(key.at(name)):
            review.refuse(key, f"{name} is missing", f"Add a line such as {_example(name)}.")
    expires = table.expires
    return Exemption(
        owner=_words(table.owner, key, "owner", review),
        reason=_words(table.reason, key, "reason", review),
        expires=_NEVER if expires is None else review.attempt(_NEVER, _expiry, expires, key.at("expires")),
        **scope,
    )


def _example(name: str) -> str:
    return EXAMPLES[f"exemption.{name}"]


def _doubt(exemption: Exemption, key: Key, now: datetime, review: Review) -> None:
    """Warn of an exemption that holds for very long, no more, or for very much."""
    expires = key.at("expires")
    if not exemption.holds(now):
        review.warn(expires, f"it expired on {exemption.expires:%Y-%m-%d}, and exempts nothing", "Take it out.")
    elif exemption.expires - now > _LONG:
        told = f"it holds for more than five years, until {exemption.expires:%Y-%m-%d}"
        review.warn(expires, told, "Write a date by which somebody will have looked at it again.")
    if exemption.scope.keys() == {"account"}:
        told = f"whatever is opened in account {exemption.account} stays open, and nobody is told"
        review.warn(key, told, f'Add a group or a VPC, or write mode.account.{exemption.account} = "observe".')


def _check_id(kind: str, value: str, place: Place) -> None:
    form = _FORMS[kind]
    if not re.fullmatch(form.pattern, value, re.ASCII):
        raise Refused(place, f"{value!r} is not {form.words}", f"Write it in full, without wildcards: {form.example}.")


def _words(text: str | None, key: Key, name: str, review: Review) -> str:
    if text is not None and not text.strip():
        review.refuse(key.at(name), "it is empty", f"Write for example {_example(name)}.")
    return (text or "").strip()


def _expiry(value: object, place: Place) -> datetime:
    """Return the last moment: of a date, that of its day in UTC."""
    if isinstance(value, datetime):  # asked first: a datetime is a date too
        if value.tzinfo is None:
            raise Refused(place, f"{value} does not say in which time zone", f"Write {value.isoformat()}Z for UTC.")
        try:
            return value.astimezone(UTC)
        except OverflowError:  # a day of the last or the first year
            raise Refused(place, f"{value} is no date in UTC", "Write one such as 2030-06-30.") from None
    if isinstance(value, date):
        return datetime.combine(value, time.max, UTC)
    raise Refused(place, f"{value!r} is not a date", "Write a date without quotes, such as 2030-06-30.")
