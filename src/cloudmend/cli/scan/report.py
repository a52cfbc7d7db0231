"""The rows of a scan, and what they come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.contract import Control, Reach, Scope, Severity
from cloudmend.core.escaping import counted, plural
from cloudmend.core.model import Edit
from cloudmend.core.network import readable
from cloudmend.core.policy.model import Action, Decision

SETTINGS: Final = "Settings of the account and Region"
_SHORT: Final = 80  # characters of a value that a sentence repeats


class Row(Struct, frozen=True, kw_only=True):
    """A part at fault. `name`, `part`, `value` and `details` may hold whatever their authors typed."""

    account: str
    region: str
    control: str
    severity: Severity
    type: str  # CloudFormation's name of the kind of resource
    noun: str  # S3 bucket
    scope: Scope = "resource"  # what it is one of: many resources, or a setting of a VPC, the Region, or the account
    resource: str  # its id
    name: str
    place: str  # the VPC, where there is one
    part: str
    value: str  # tcp/22 from 0.0.0.0/0
    why: str
    witness: str  # a request that a stranger could make, where one is known
    action: Action
    outcome: str  # what would be done, and the line of the policy that says so
    after: str  # what the part would be; empty where it would be removed, or nothing is done
    details: Mapping[str, Any] = {}  # what else the control knows of the part; None: not known
    reach: Reach | None = None  # what is behind the resource; None: not known

    @property
    def is_setting(self) -> bool:
        """Return whether it is about a setting of the account, of the account in a Region, or of a VPC."""
        return self.scope != "resource"

    @property
    def kind(self) -> str:
        """The text that rows are counted by: the first of the details or, without any, the part with its value."""
        part = f"{self.part}: {self.value}" if is_short(self.value) else self.part
        return str(next(iter(self.details.values()), part))

    @property
    def shown(self) -> str:
        """The value, or why it is at fault if the value is too long for a table."""
        return self.value if is_short(self.value) else self.why

    @property
    def numbers(self) -> Mapping[str, int | None]:
        """The details that are numbers, or would be if they were known."""
        return {name: each for name, each in self.details.items() if _is_number(each)}

    @property
    def texts(self) -> Mapping[str, str]:
        """The other details in words, by name, as far as they add anything to the value."""
        return texts(self.details, self.value)


def texts(details: Mapping[str, Any], value: str) -> Mapping[str, str]:
    """Return those of the details that are no numbers, by name in words, without those that the value says already."""
    others = {name.replace("_", " "): str(each) for name, each in details.items() if not _is_number(each)}
    return {name: each for name, each in others.items() if each and each not in value}


def numbers_of(rows: Iterable[Row]) -> list[str]:
    """Return the names of the details that are numbers, for the columns of a table."""
    return list(dict.fromkeys(name for row in rows for name in row.numbers))


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int)


class UnreadableUnit(Struct, frozen=True, kw_only=True):
    """A control and a Region in which it could not look at everything, and why."""

    region: str
    control: str
    error: str


Found = Sequence[tuple[Control[Any], Sequence[Row]]]


class Report(Struct, frozen=True, kw_only=True):
    """The result of a scan. `version` changes when programs that read it must change.

    A look is one control in one Region; what an account has only once is looked at in one Region.
    """

    version: int = 2
    controls: tuple[str, ...]  # the ids of those that were looked for
    regions: tuple[str, ...]
    looks: int
    rows: tuple[Row, ...]
    clear: Mapping[str, str] = {}  # what holds by a control that found nothing and read all, in its words if it has any
    unread: tuple[UnreadableUnit, ...] = ()

    @property
    def counted(self) -> int:
        """The number of findings that count: those that are not left open on purpose."""
        return sum(row.action != "exempt" for row in self.rows)

    @property
    def settings(self) -> int:
        """The number of the findings that count and are about settings of the account and Region."""
        return sum(row.action != "exempt" and row.is_setting for row in self.rows)

    @property
    def resources(self) -> int:
        """The number of resources that have a part at fault, without settings of the account and Region."""
        return len({(row.region, row.type, row.resource) for row in self.rows if not row.is_setting})

    @property
    def summary(self) -> str:
        """A line that says what was looked at. It is no all-clear if something could not be read."""
        looked = f"{plural(len(self.controls), 'control')} looked at in {plural(len(self.regions), 'Region')}"
        failed = len({(unread.region, unread.control) for unread in self.unread})
        partly = f"{failed:,} of {plural(self.looks, 'look')}, each at one control in one Region, could not be finished"
        if self.rows:
            exempt = len(self.rows) - self.counted
            left = f", {exempt:,} of them exempt" if exempt else ""
            found = f"{plural(len(self.rows), 'finding')} in {resources_of(self.rows)}{left}; {looked}"
            return f"{found}; {partly}." if failed else f"{found}."
        if failed:
            return f"{partly}. {'In the others ' if self.clear else 'So '}{self.holds or 'nothing is known'}."
        return f"{_sentence(self.holds)}; {looked}."

    @property
    def holds(self) -> str:
        """The words for what holds by the controls that found nothing and read all; empty if there is none."""
        quiet = [control for control, words in self.clear.items() if not words]
        unsaid = [f"no finding of {', '.join(quiet)}"] if quiet else []
        return "; ".join([*filter(None, self.clear.values()), *unsaid])


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def sections(rows: Iterable[Row], controls: Sequence[Control[Any]]) -> Iterator[tuple[str, Found]]:
    """Yield the controls that found something, with their rows: first those of resources, under no heading.

    Those of settings are under the heading SETTINGS. A section without a finding is left out.
    """
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.control].append(row)
    for heading in ("", SETTINGS):
        of_these = [each for each in controls if each.id in found and each.resource.is_setting == bool(heading)]
        if of_these:
            yield heading, [(each, found[each.id]) for each in of_these]


def resources_of(rows: Iterable[Row]) -> str:
    """Return how many resources of each kind these rows are about: 2 EBS snapshots and 1 setting."""
    return counted(("setting" if row.is_setting else row.noun, (row.region, row.type, row.resource)) for row in rows)


def outcome(decision: Decision, edit: Edit | None) -> str:
    """Return what would become of a part at fault, and why."""
    if decision.action == "exempt":
        return f"is left open ({decision.why})"
    if edit is None or not edit.did:
        return f"is only reported ({decision.why})"
    done = _done(edit)
    return (
        f"{done} ({decision.why})"
        if decision.action == "fix"
        else f"is only reported ({decision.why}), otherwise {done}"
    )


def _done(edit: Edit) -> str:
    if not edit.after:
        return "would be removed"
    return f"would become {edit.after}" if is_short(edit.after) else f"would be mended: {edit.did}"


def is_short(value: str) -> bool:
    """Return whether a sentence can repeat a value: a policy is too long for it."""
    return len(value) <= _SHORT


def detail_text(value: Any) -> str:
    """Return a detail in words."""
    if value is None:
        return "not known"
    return readable(value) if isinstance(value, int) else str(value)
