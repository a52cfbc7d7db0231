"""Modes and exemptions: where cloudmend may act, and where it leaves open what is open."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from msgspec import Struct

from cloudmend.core.policy.file import ExemptionTable, ModeTable, example
from cloudmend.core.policy.model import SCOPES, Exemption, Mode, Modes
from cloudmend.core.policy.place import Document, Key, Place, did_you_mean


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
    """Raises PolicyError for anything but the two modes."""
    if value == "fix":
        return "fix"
    if value == "observe":
        return "observe"
    raise place.error(f"{value!r} is not a mode", "Write fix (close what is open) or observe (only report it).")


def read_modes(table: ModeTable, document: Document, controls: Collection[str]) -> Modes:
    """All modes of a file; `controls` are the ids of those that there are. Raises PolicyError."""
    mode = document.at("mode")
    for control in table.control:
        if control not in controls:
            raise mode.at("control", control).error("there is no control of this id", did_you_mean(control, controls))
    for kind, names in (("account", table.account), ("vpc", table.vpc)):
        for name in names:
            _check_id(kind, name, mode.at(kind, name))
    return Modes(
        default=read_mode(table.default, mode.at("default")),
        control=_modes(table.control, mode.at("control")),
        account=_modes(table.account, mode.at("account")),
        vpc=_modes(table.vpc, mode.at("vpc")),
    )


def _modes(table: Mapping[str, object], key: Key) -> dict[str, Mode]:
    return {name: read_mode(value, key.at(name)) for name, value in table.items()}


def read_exemptions(tables: tuple[ExemptionTable, ...], document: Document) -> tuple[Exemption, ...]:
    """Raises PolicyError, also for two of one scope: which expiry should hold?"""
    exemptions = tuple(_exemption(table, document.at("exemption", index)) for index, table in enumerate(tables))
    scopes = [exemption.scope for exemption in exemptions]
    for index, scope in enumerate(scopes):
        first = scopes.index(scope)
        if first != index:
            key = document.at("exemption", index)
            raise key.error(f"it has the scope of exemption[{first}]", "Keep the one that is meant.")
    return exemptions


def _exemption(table: ExemptionTable, key: Key) -> Exemption:
    scope = {name: value for name in SCOPES if (value := getattr(table, name)) is not None}
    if not scope:
        raise key.error("it would exempt everything", f"Add at least one of {', '.join(SCOPES)}.")
    for name, value in scope.items():
        _check_id(name, value, key.at(name))
    return Exemption(
        owner=_words(table.owner, key.at("owner")),
        reason=_words(table.reason, key.at("reason")),
        expires=_expiry(table.expires, key.at("expires")),
        **scope,
    )


def _check_id(kind: str, value: str, place: Place) -> None:
    form = _FORMS[kind]
    if not re.fullmatch(form.pattern, value, re.ASCII):
        raise place.error(f"{value!r} is not {form.words}", f"Write it in full, without wildcards: {form.example}.")


def _words(text: str, key: Key) -> str:
    if not text.strip():
        raise key.error("it is empty", f"Write for example {example(key)}.")
    return text.strip()


def _expiry(value: object, place: Place) -> datetime:
    """The last moment: of a date, that of its day in UTC."""
    if isinstance(value, datetime):  # asked first: a datetime is a date too
        if value.tzinfo is None:
            raise place.error(f"{value} does not say in which time zone", f"Write {value.isoformat()}Z for UTC.")
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.max, UTC)
    raise place.error(f"{value!r} is not a date", "Write a date without quotes, such as 2030-06-30.")
