"""The control's settings, and their keys in a policy file."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct

from cloudmend.controls.families.ranges import keys
from cloudmend.controls.families.ranges.keys import Limits, Replacements, Trusted
from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.core.policy.catalog import Keys
from cloudmend.core.policy.location import Key, Review

UntouchedDefaults = Literal["accepted", "judged"]
_WORDS: Final = ("accepted", "judged")
_WHAT: Final = "a way to treat default network ACLs that nobody has changed"
_REVOKE: Final = ("revoke",)


class Settings(RangeSettings, frozen=True, kw_only=True):
    """The limits and replacements of the control. The defaults are those of an empty policy file."""

    untouched_defaults: UntouchedDefaults = "accepted"  # default ACLs of VPCs whose entries are as AWS makes them


class Table(Struct, frozen=True):
    """The keys as a file writes them. An item of a list that was refused is None, and keeps its place."""

    guarded: tuple[int | str | None, ...] = (22, 3389, "udp/3389")
    untouched_defaults: object = "accepted"
    limits: Limits = Limits()
    trusted: Trusted = Trusted()
    replacement: Replacements = Replacements()


def _read(table: Table, key: Key, review: Review) -> Settings:
    """Return what the keys mean. What is refused has a default, so that all else can be read."""
    word: Any = review.attempt(
        "accepted", keys.read_word, table.untouched_defaults, _WORDS, _WHAT, key.at("untouched_defaults")
    )
    settings = Settings(**keys.read_ranges(table, key, review, _REVOKE), untouched_defaults=word)
    keys.check_ranges(settings, key, review)
    return settings


def _say(settings: Settings) -> tuple[str, ...]:
    accepted = settings.untouched_defaults == "accepted"
    judged = "accepted: it filters nothing" if accepted else "judged like any other"
    return (
        *keys.say_ranges(settings, "entries of a network ACL", "entry"),
        "If an entry also admits other ports, it stays, and entries before it close the ports at fault.",
        f"A VPC's default network ACL with the entries that AWS gives it is {judged}.",
    )


def _write(settings: Settings) -> dict[str, Any]:
    written = {**keys.write_ranges(settings), "untouched_defaults": settings.untouched_defaults}
    return {name: written[name] for name in Table.__struct_fields__}


KEYS: Final = Keys[Settings](
    table=Table,
    examples={**keys.EXAMPLES, "untouched_defaults": 'untouched_defaults = "judged"'},
    read=_read,
    write=_write,
    say=_say,
)
