"""Exemptions: what is left as it is on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from cloudmend.core.policy.catalog import FORMS, Catalog, Form, check_id
from cloudmend.core.policy.file import EXAMPLES, REQUIRED, ExemptionTable
from cloudmend.core.policy.location import Document, Key, Location, Refused, Review, did_you_mean
from cloudmend.core.policy.model import SCOPES, Exemption

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_LONG: Final = timedelta(days=5 * 366)


def read_exemptions(
    tables: Sequence[ExemptionTable | None], document: Document, now: datetime | None, catalog: Catalog, review: Review
) -> tuple[Exemption, ...]:
    """Return the exemptions. Two of one scope are refused: which expiry should hold?

    Without `now` it is not looked at when they expire.
    """
    whole = [(table, document.at("exemption", index)) for index, table in enumerate(tables) if table is not None]
    read = [(_exemption(table, key, catalog, review), key) for table, key in whole]
    scopes = [(exemption.control, exemption.scope) for exemption, _ in read]
    for location, (exemption, key) in enumerate(read):
        first = scopes.index((exemption.control, exemption.scope))
        if exemption.scope and first != location:
            review.refuse(key, f"it has the scope of {read[first][1]}", "Keep the one that is meant.")
        if now is not None:
            _doubt(exemption, key, now, review)
    return tuple(exemption for exemption, _ in read)


def _exemption(table: ExemptionTable, key: Key, catalog: Catalog, review: Review) -> Exemption:
    """Return what can be read of it: what is refused is empty, and the policy with it."""
    table = _renamed(table, key, review)
    control = _control(table, key, catalog, review)
    scope = {name: value for name in SCOPES if (value := getattr(table, name)) is not None}
    if not scope and not review.refuses(key):
        review.refuse(key, "it would exempt everything", f"Add at least one of {', '.join(SCOPES)}.")
    for name, value in scope.items():
        if form := _form_of(control, catalog) if name == "resource" else FORMS[name]:
            at = key.at("group" if name == "resource" and table.group else name)
            review.attempt(None, check_id, form, value, at)
    for name in REQUIRED:
        if getattr(table, name) is None and not review.refuses(key.at(name)):
            review.refuse(key, f"{name} is missing", f"Add a line such as {_example(name)}.")
    expires = table.expires
    return Exemption(
        control=control,
        owner=_words(table.owner, key, "owner", review),
        reason=_words(table.reason, key, "reason", review),
        expires=_NEVER if expires is None else review.attempt(_NEVER, _expiry, expires, key.at("expires")),
        **scope,
    )


def _renamed(table: ExemptionTable, key: Key, review: Review) -> ExemptionTable:
    """Return the table with its `group` as its resource."""
    if table.group is None:
        return table
    old, new = key.at("group"), key.at("resource")
    if table.resource is not None:
        review.refuse(old, f"{new} says it too", "Keep that one, and take this one out.")
        return table
    review.warn(old, f"this key has moved to {new}", "Write it there: the next version refuses it here.")
    return msgspec.structs.replace(table, resource=table.group)


def _control(table: ExemptionTable, key: Key, catalog: Catalog, review: Review) -> str:
    """Return the id of the control that it is about; if it names none, of the first that there was."""
    control = table.control if table.control is not None else catalog.first
    if table.control is not None and control not in catalog.controls:
        review.refuse(key.at("control"), "there is no control of this id", did_you_mean(control, catalog.controls))
    return control


def _form_of(control: str, catalog: Catalog) -> Form | None:
    """Return what an id of a resource of the control looks like."""
    if control not in catalog.controls:
        return None
    kind = catalog.controls[control].resource
    return Form(f"the id of one {kind.noun}", kind.id_pattern)


def _example(name: str) -> str:
    return EXAMPLES[f"exemption.{name}"]


def _doubt(exemption: Exemption, key: Key, now: datetime, review: Review) -> None:
    """Warn of an exemption that holds for very long, no more, or for very much."""
    expires = key.at("expires")
    if not exemption.holds(now):
        review.warn(expires, f"it expired on {exemption.expires:%Y-%m-%d}, and exempts nothing", "Take it out.")
    elif exemption.expires - now > _LONG:
        told = f"it holds for more than five years, until {exemption.expires:%Y-%m-%d}"
        review.warn(expires, told, "Write an earlier date, on which somebody will look at it again.")
    if exemption.scope.keys() == {"account"}:
        control, account = exemption.control, exemption.account
        told = f"whatever {control} finds in account {account} stays as it is, and cloudmend notifies nobody"
        other = f'control.{control}.mode.account.{account} = "observe"'
        review.warn(key, told, f"Add a resource or a VPC, or write {other}.")


def _words(text: str | None, key: Key, name: str, review: Review) -> str:
    if text is not None and not text.strip():
        review.refuse(key.at(name), "it is empty", f"Write for example {_example(name)}.")
    return (text or "").strip()


def _expiry(value: object, location: Location) -> datetime:
    """Return the last moment: of a date, that of its day in UTC."""
    if isinstance(value, datetime):  # asked first: a datetime is a date too
        if value.tzinfo is None:
            raise Refused(location, f"{value} does not say in which time zone", f"Write {value.isoformat()}Z for UTC.")
        try:
            return value.astimezone(UTC)
        except OverflowError:  # a day of the last or the first year
            raise Refused(location, f"{value} is no date in UTC", "Write one such as 2030-06-30.") from None
    if isinstance(value, date):
        return datetime.combine(value, time.max, UTC)
    raise Refused(location, f"{value!r} is not a date", "Write a date without quotes, such as 2030-06-30.")
