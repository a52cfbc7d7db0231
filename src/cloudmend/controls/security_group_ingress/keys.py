"""The keys of the control's settings in a policy file: how each is written, what it means, and what it says."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.families.ranges import keys
from cloudmend.controls.families.ranges.keys import Limits, Replacements, Trusted
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.policy.catalog import Keys
from cloudmend.core.policy.location import Key, Review


class Table(Struct, frozen=True):
    """The keys as a file writes them. An item of a list that was refused is None, and keeps its place."""

    guarded: tuple[int | str | None, ...] = (22, 3389, "udp/3389")
    aws_prefix_lists: object = "trusted"
    unreadable_prefix_lists: object = "report"
    flapping: object = "narrow"
    limits: Limits = Limits()
    trusted: Trusted = Trusted()
    replacement: Replacements = Replacements()


_EXAMPLES: Final = {
    **keys.EXAMPLES,
    "aws_prefix_lists": 'aws_prefix_lists = "trusted"',
    "unreadable_prefix_lists": 'unreadable_prefix_lists = "report"',
    "flapping": 'flapping = "narrow"',
    "replacement": 'replacement = { ipv4 = "vpc", ipv6 = "revoke" }',
}
# Of each key that is a word: its words, the default first, and what a word is.
_WORDS: Final = {
    "aws_prefix_lists": (("trusted", "resolved"), "a way to treat AWS's own lists"),
    "unreadable_prefix_lists": (("report", "revoke"), "a way to treat a rule whose list cannot be read"),
    "flapping": (("narrow", "revoke"), "a way to treat a rule that is opened again and again"),
}


def read(table: Table, key: Key, review: Review) -> Settings:
    """Return what the keys mean. What is refused has a default, so that all else can be read."""
    words: dict[str, Any] = {
        name: review.attempt(each[0], keys.read_word, getattr(table, name), each, what, key.at(name))
        for name, (each, what) in _WORDS.items()
    }
    settings = Settings(**keys.read_ranges(table, key, review), **words)
    keys.check_ranges(settings, key, review)
    return settings


def say(settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each setting."""
    return (
        *keys.say_ranges(settings, "rules of a group", "rule"),
        _prefix_lists(settings),
        _unreadable_lists(settings),
        _flapping(settings),
    )


def write(settings: Settings) -> dict[str, Any]:
    """Return the settings under the keys of a file."""
    words = {name: getattr(settings, name) for name in _WORDS}
    written = {**keys.write_ranges(settings), **words}
    return {name: written[name] for name in Table.__struct_fields__}


def _prefix_lists(settings: Settings) -> str:
    trusted = settings.aws_prefix_lists == "trusted"
    return f"Prefix lists that AWS owns {'are trusted' if trusted else 'count as their entries, like any other'}."


def _unreadable_lists(settings: Settings) -> str:
    done = "is only reported" if settings.unreadable_prefix_lists == "report" else "is revoked, like one at fault"
    return f"A rule from a prefix list that AWS does not let cloudmend read {done}."


def _flapping(settings: Settings) -> str:
    done = "narrowed again" if settings.flapping == "narrow" else "revoked"
    return f"A rule that is opened for the third time within an hour is {done}, and told with high severity."


KEYS: Final = Keys[Settings](table=Table, examples=_EXAMPLES, read=read, write=write, say=say)
