"""Count findings one by one: only the seconds and the habit of a finding are kept."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from datetime import datetime
from statistics import median

import msgspec
from msgspec import Struct

from cloudmend.cli.replay.episode import Episode, RecordGaps
from cloudmend.cli.replay.files import Reading
from cloudmend.cli.replay.suggestions import Habit, Subject, Suggestion, suggestions


class Opener(Struct, kw_only=True):
    """A person to ask about findings, and how many there are. Mutable: it grows."""

    person: str  # the person where the records name one, else the ARN of the role or the user; may be empty
    through: str  # what, by the last of the calls
    hint: str  # how its owner keeps it from doing so again
    findings: int = 0
    still_open: int = 0
    is_stranger: bool = False  # of another account than a resource that it opened, or not known

    def add(self, episode: Episode) -> None:
        """Count one more finding."""
        self.findings += 1
        self.still_open += episode.closed is None
        self.is_stranger |= episode.by_stranger
        self.through, self.hint = episode.opened_by.through, episode.opened_by.hint


class Summary(Struct, frozen=True, kw_only=True):
    """A summary of the findings. `version` changes when programs that read it must change."""

    version: int = 3
    read: Reading
    since: datetime | None  # the first call of interest
    findings: int
    would_close: int
    would_report: int
    exempt: int
    by_strangers: int  # findings that somebody of another account opened, or nobody knows who
    still_open: int
    median_seconds_open: int | None  # of those that were closed
    longest_seconds_open: int | None  # of all
    openers: tuple[Opener, ...]  # whom to talk to, first those whose findings are still open, then those with most
    untold: RecordGaps
    exemptions: tuple[Suggestion, ...]


class Tally:
    """A tally. It grows with each finding: eight bytes of time, and what is kept of each habit and principal."""

    def __init__(self) -> None:
        self._actions: Counter[str] = Counter()
        self._openers: dict[str, Opener] = {}
        self._habits: dict[tuple[str, ...], Habit] = {}
        self._seconds_until_closed = array("q")
        self._still_open = 0
        self._by_strangers = 0
        self._longest: int | None = None

    def add(self, episode: Episode) -> None:
        """Count one more finding."""
        self._actions[episode.action] += 1
        self._by_strangers += episode.by_stranger
        self._longest = max(episode.seconds_open, self._longest or 0)
        if episode.closed:
            self._seconds_until_closed.append(episode.seconds_open)
        else:
            self._still_open += 1
        if episode.action != "exempt":
            by = episode.opened_by
            opener = Opener(person=episode.person, through=by.through, hint=by.hint)
            self._openers.setdefault(episode.person, opener).add(episode)
            self._habit(episode).add(episode)

    def _habit(self, episode: Episode) -> Habit:
        place = (episode.control, episode.account, episode.region, episode.resource, episode.opening)
        subject = Subject(episode.control, episode.resource)
        return self._habits.setdefault(place, Habit(subject, episode.opening, episode.has_id))

    def summary(self, read: Reading, *, since: datetime | None, untold: RecordGaps) -> Summary:
        """Return what all findings come to."""
        closed = self._seconds_until_closed
        return Summary(
            read=read,
            since=since,
            findings=self._actions.total(),
            would_close=self._actions["fix"],
            would_report=self._actions["observe"],
            exempt=self._actions["exempt"],
            by_strangers=self._by_strangers,
            still_open=self._still_open,
            median_seconds_open=int(median(closed)) if closed else None,
            longest_seconds_open=self._longest,
            openers=tuple(
                sorted(self._openers.values(), key=lambda each: (-each.still_open, -each.findings, each.person))
            ),
            untold=untold,
            exemptions=suggestions(self._habits.values()),
        )


def finding_line(episode: Episode) -> str:
    """Return a finding as a line."""
    return json.dumps({"kind": "finding", **msgspec.to_builtins(episode)}) + "\n"


def summary_line(summary: Summary) -> str:
    """Return the summary as a line, with its exemptions as blocks for the policy file too."""
    told = msgspec.to_builtins(summary)
    exemptions = [{**msgspec.to_builtins(exemption), "toml": exemption.toml} for exemption in summary.exemptions]
    return json.dumps({"kind": "summary", **told, "exemptions": exemptions}) + "\n"
