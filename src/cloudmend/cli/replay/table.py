"""A replay for people: the summary, whom to talk to, the findings that stood open longest, and exemptions."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from cloudmend.cli.messages import duration
from cloudmend.cli.replay.summary import Episode, Opener, Summary, UnjudgedCalls
from cloudmend.cli.screen import Screen
from cloudmend.core.escaping import cut, plural, terminal

SHOWN: Final = 10  # findings, and exemptions
ASKED: Final = 5  # people and principals
_FOREIGN: Final = 100  # characters of what a caller chose
_PROBLEM: Final = 300  # characters of what is wrong with a record
_STYLE: Final = {"fix": "bold red", "observe": "yellow", "exempt": "dim"}


def longest(episodes: Iterable[Episode]) -> list[Episode]:
    """Return those that are shown, in the order in which they were opened; all are gone through, and few are kept."""
    found = heapq.nlargest(SHOWN, episodes, key=lambda each: each.seconds_open)
    return sorted(found, key=lambda each: each.opened)


def print_replay(episodes: list[Episode], summary: Summary, all_clear: str) -> None:
    """Print to stdout; text is no markup. `all_clear` is the part of a sentence for a replay without findings."""
    to = Screen()
    for line in (*_verdict(summary, all_clear), *_summary(summary)):
        to.say(line)
    _print_openers(summary, to)
    if summary.findings > len(episodes):
        to.say(f"The {len(episodes):,} that stood open longest; --json lists all {summary.findings:,}:\n")
    for each in episodes:
        _print_episode(each, to)
    _print_exemptions(summary, to)


def _verdict(summary: Summary, all_clear: str) -> Iterator[str]:
    """Yield first the open findings, otherwise the unread files: never an all-clear before either."""
    unread = tuple(_unread(summary))
    if not summary.findings:
        yield from unread
        if summary.read.records:
            yield f"As far as the records show, {all_clear} after any of these calls."
        return
    still = "1 is" if summary.still_open == 1 else f"{summary.still_open:,} are"
    yield f"{plural(summary.findings, 'finding')}; {still} still open when the records end."
    yield from unread


def _unread(summary: Summary) -> Iterator[str]:
    read = summary.read
    if not read.records:
        where = f" in {plural(read.files, 'file')}" if read.files else ""
        yield f"No record of CloudTrail's was found{where}."
    if read.not_understood:
        problem = cut(terminal(read.first_not_understood), _PROBLEM)
        yield f"{plural(read.not_understood, 'record')} could not be understood. The first: {problem}"
    if read.unread:
        yield f"{plural(len(read.unread), 'file')} could not be read, or not to the end: see below."


def _summary(summary: Summary) -> Iterator[str]:
    read = summary.read
    if read.records:
        yield f"{plural(read.records, 'record')} in {plural(read.files, 'file')}, {_span(summary)}."
        yield f"{plural(read.calls, 'call')} changed what cloudmend's controls watch."
    if summary.longest_seconds_open is not None:
        yield (
            f"At once {summary.would_close:,} would have been closed, {summary.would_report:,} only reported, and "
            f"{summary.exempt:,} left open by an exemption."
        )
        yield _closed(summary)
    yield from _untold(summary)


def _span(summary: Summary) -> str:
    if summary.since is None or summary.read.until is None:
        return "and none changed what a control watches"
    return f"which tell of changes from {summary.since:%Y-%m-%d %H:%M} to {summary.read.until:%Y-%m-%d %H:%M} UTC"


def _closed(summary: Summary) -> str:
    told = f"The longest stood open for {duration(summary.longest_seconds_open or 0)}."
    if summary.median_seconds_open is None:
        return told
    return f"Half of those that somebody closed stood open for {duration(summary.median_seconds_open)} or less. {told}"


def _untold(summary: Summary) -> Iterator[str]:
    """Yield the limits of the records, and the calls and files that were left out."""
    read, untold = summary.read, summary.untold
    told = (
        (untold.older_parts, "change", "of what was opened before the records begin"),
        *((each.calls, "call", _not_judged(each)) for each in untold.not_judged),
        (untold.nameless, "call", "not judged, because the record names no resource"),
        (read.failed, "call", "refused by AWS, which opened nothing"),
        (read.repeated, "record", "seen before, and counted once"),
        (read.ignored_files, "file", "not read, because its name is not that of CloudTrail's files"),
    )
    yield from (f"- {plural(number, noun)} {words}." for number, noun, words in told if number)
    yield from (f"- {caveat}" for caveat in untold.caveats)


def _not_judged(untold: UnjudgedCalls) -> str:
    return f"that {untold.control} watches, not judged, because {untold.why}"


def _print_openers(summary: Summary, to: Screen) -> None:
    if not summary.openers:
        return
    to.say(Text("\nWhom to talk to first:", "bold"))
    for opener in summary.openers[:ASKED]:
        to.say(f"  {_opener(opener)}")
        if opener.hint:
            to.say(Text(f"    {opener.hint}", "dim"))
    if others := summary.openers[ASKED:]:
        to.say(f"  and {len(others):,} more, with {plural(sum(each.findings for each in others), 'finding')}.")
    to.say("")


def _opener(opener: Opener) -> str:
    who = _foreign(opener.person) or "somebody unknown"
    strange = ", of another account than the resource's or of none that is known" if opener.is_stranger else ""
    still = f", {opener.still_open:,} still open" if opener.still_open else ""
    return f"{who}{strange}: {plural(opener.findings, 'finding')}{still}; through {_foreign(opener.through)}"


def _print_exemptions(summary: Summary, to: Screen) -> None:
    """Its blocks are whole lines, to be copied."""
    shown = summary.exemptions[:SHOWN]
    if shown:
        to.say("\nExemptions to think about, for the policy file. Fill in what is empty:\n")
    for suggestion in shown:
        to.console.print(Text(suggestion.toml), soft_wrap=True)
    if more := len(summary.exemptions) - len(shown):
        to.say(f"{plural(more, 'resource')} more may be open on purpose; --json lists all.")
    if summary.by_strangers:
        to.say(f"{plural(summary.by_strangers, 'finding')} opened by strangers: none is suggested as an exemption.")


def _print_episode(episode: Episode, to: Screen) -> None:
    """Four lines or more, of sentences: a table would be wider than a terminal, or break an ARN."""
    place = ", ".join(filter(None, (episode.account, episode.region))) or "account and Region not named"
    to.say(Text(f"{_foreign(episode.label)} ({place}): {episode.opening}", "bold"))
    by = episode.opened_by
    told = f"opened {episode.opened:%Y-%m-%d %H:%M} UTC by {_foreign(by.who)}, through {_foreign(by.through)}"
    to.say(f"  {told}")
    if episode.note:
        to.say(f"  {episode.note}")
    to.say(f"  stood open for {_open(episode)}")
    to.say(Text(f"  {episode.outcome}", _STYLE[episode.action]))


def _foreign(text: str) -> str:
    return cut(terminal(text), _FOREIGN)


def _open(episode: Episode) -> str:
    if episode.closed_by is None:
        return f"{duration(episode.seconds_open)}, and still does"
    return f"{duration(episode.seconds_open)}, closed by {_foreign(episode.closed_by.who)} ({episode.closed_with})"
