"""The event rules that pass on the calls that controls watch: the template has them, and doctor checks them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Json
from cloudmend.core.partitions import GLOBAL_SOURCES

Wakes = Mapping[str, Mapping[str, Sequence[str]]]  # source -> name of a call -> ids of the controls that it wakes
FIRST_RULE: Final = "ScheduledRule"  # of the control that was there before the others
PATTERN_LIMIT: Final = 2048  # characters, by default


class EventRule(Struct, frozen=True):
    """A rule of the template, by its logical id: the source and the names of the calls that it passes on.

    `heard_by` has the ids of the controls that each call wakes.
    """

    id: str
    source: str
    names: tuple[str, ...]
    heard_by: Mapping[str, tuple[str, ...]] = {}

    @property
    def pattern(self) -> Json:
        """The pattern that it must have."""
        return {
            "source": [event_source(self.source)],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {"eventSource": [self.source], "eventName": self.names, "errorCode": [{"exists": False}]},
        }

    @property
    def controls(self) -> tuple[str, ...]:
        """The ids of all controls that it wakes."""
        return tuple(dict.fromkeys(each for ids in self.heard_by.values() for each in ids))

    def without(self, off: Collection[str]) -> EventRule:
        """Return the rule that wakes none of these controls."""
        left = {name: tuple(each for each in ids if each not in off) for name, ids in self.heard_by.items()}
        heard = {name: ids for name, ids in left.items() if ids}
        return EventRule(self.id, self.source, tuple(heard), heard)


def event_source(source: str) -> str:
    """Return EventBridge's name of an event source of CloudTrail: aws.ec2 for ec2.amazonaws.com."""
    return f"aws.{_service(source)}"


def global_rules(rules: Iterable[EventRule]) -> tuple[EventRule, ...]:
    """Return the rules of global services, which a stack elsewhere can hear only if their home Region forwards them."""
    return tuple(each for each in rules if each.source in GLOBAL_SOURCES)


def event_rules(wakes: Wakes, first: str) -> tuple[EventRule, ...]:
    """Return the rule of the first control, and one for each service, or more if its calls do not fit into a pattern.

    A call is in one rule alone: two would wake the function twice. Raises CloudmendError for a call that is too long.
    """
    calls: defaultdict[tuple[str, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for source, names in wakes.items():
        for name, ids in names.items():
            rule = FIRST_RULE if first in ids else f"{_service(source).title().replace('-', '')}ControlsRule"
            calls[rule, source][name] = tuple(ids)
    ordered = sorted(calls.items(), key=lambda item: item[0][0] != FIRST_RULE)
    return tuple(rule for (name, source), heard in ordered for rule in _fitting(name, source, heard))


def _fitting(name: str, source: str, heard: Mapping[str, tuple[str, ...]]) -> Iterator[EventRule]:
    """Yield rules whose patterns fit; the second and later ones have a number."""
    parts: list[dict[str, tuple[str, ...]]] = [{}]
    for call, ids in sorted(heard.items()):
        if not _fits(source, [*parts[-1], call]):
            parts.append({})
        parts[-1][call] = ids
        if not _fits(source, [call]):
            limit = f"a pattern of an event rule holds {PATTERN_LIMIT:,} characters"
            raise CloudmendError(f"The call {source}:{call[:40]}... of {', '.join(ids)} fits into no rule: {limit}.")
    for number, part in enumerate(parts, 1):
        yield EventRule(name if number == 1 else f"{name}{number}", source, tuple(part), part)


def _fits(source: str, names: Sequence[str]) -> bool:
    return len(json.dumps(EventRule("", source, tuple(names)).pattern, separators=(",", ":"))) <= PATTERN_LIMIT


def _service(source: str) -> str:
    return source.partition(".")[0]
