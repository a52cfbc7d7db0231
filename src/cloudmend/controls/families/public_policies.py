"""Controls of resources with a policy of their own that strangers can use.

The mend adds one condition to each statement at fault, so that only principals of the owner's account, or of its
organization, can use it. Other statements, the order and the Sids stay. A statement that is only reported: one with a
condition that AWS services meet, one that a condition cannot narrow, and one of a policy that AWS would not take back.
The undo puts back the text that was there before.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.comparable import comparable, comparable_statement
from cloudmend.controls.families.policies.decide import Admission, admissions
from cloudmend.controls.families.policies.document import parse, statements_of
from cloudmend.controls.families.policies.mend import narrowed
from cloudmend.controls.families.policies.words import command, reason
from cloudmend.controls.families.policy_records import POLICY, following
from cloudmend.core.contract import (
    Control,
    Finding,
    Meaning,
    Parts,
    Patch,
    ResourceType,
    Right,
    Severity,
    State,
    Trigger,
    View,
)
from cloudmend.core.errors import InputError
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Step, Words
from cloudmend.core.policy.catalog import Keys
from cloudmend.core.policy.location import Key, Review
from cloudmend.core.policy.model import Mode
from cloudmend.core.ports import Call, Reader

_UNREADABLE: Final = "it is left as it is: edit it by hand"
# What a policy shows in the place of a role or user that was deleted.
_DELETED: Final = re.compile(r"A(?:RO|ID)A[A-Z0-9]{8,}")
_NAMES_DELETED: Final = (
    "it names a principal that was deleted, and AWS takes no such policy back: remove that principal"
)
_ORGANIZATION: Final = "aws:PrincipalOrgID"
_IDS: Final = re.compile("o-[a-z0-9]{10,32}")
_EXAMPLES: Final = {"organization": 'organization = "o-abc1234567"', "deputies": "deputies = true"}


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings: the organization to narrow to instead of the account, and whether deputies are reported too."""

    organization: str = ""
    deputies: bool = False  # statements that only AWS services can use, for resources of any account


def _settings(settings: Settings, key: Key, review: Review) -> Settings:
    if settings.organization and not _IDS.fullmatch(settings.organization):
        wrong = f"{settings.organization!r} is not the id of an organization"
        review.refuse(key.at("organization"), wrong, f"Write for example {_EXAMPLES['organization']}.")
    return settings


def _said(settings: Settings) -> Iterator[str]:
    inside = f"organization {settings.organization}" if settings.organization else "the resource's own account"
    yield f"What strangers can use is narrowed to principals of {inside}."
    if settings.deputies:
        yield "Statements that AWS services can use for any account are reported."


KEYS: Final = Keys[Settings](
    table=Settings, examples=_EXAMPLES, read=_settings, write=msgspec.structs.asdict, say=_said
)


def public_policy(
    *,
    id: str,  # noqa: A002 - the name of the control's field
    title: str,
    severity: Severity,
    resource: ResourceType,
    triggers: tuple[Trigger, ...],
    read: Callable[[Resource, Reader, Settings], State | None],
    put: Callable[[Resource, State, str], Call],
    every: Callable[[Resource, Reader, Settings], Iterable[str]],
    reads: tuple[Right, ...],
    writes: tuple[Right, ...],
    undoes: tuple[Right, ...],
    says: Callable[[ApiCall, str], str],
    limit: int,
    advice: str,
    references: tuple[str, ...] = (),
    follows: tuple[Trigger, ...] = (),
    locate: Callable[[ApiCall], Iterable[Resource]] | None = None,
    about: Callable[[Resource], Sequence[str]] | None = None,
    restraint: Callable[[Json], str] = lambda _: "",
    lock_out: Callable[[Json, str], str] = lambda *_: "",
    mode: Mode = "fix",
    errors: Mapping[str, Meaning] = {},
    settles_in: timedelta = timedelta(),
    shown_by: Callable[[Resource], Iterable[Call]] | None = None,
) -> Control[Settings]:
    """Return the control of one kind of resource.

    Its one part is the policy's text; a resource without a policy has none. `put` writes a text, which is empty for no
    policy. `limit` is the size that AWS takes, in characters. `says` returns the text that a call of `triggers` or
    `follows` leaves, given the text before. `about` returns the ARNs of what the policy is about, with wildcards; it is
    the resource's own ARN if there is no such function. `restraint` returns why a statement is only reported, if it is.
    `lock_out` returns why a narrowed policy must not be written for an account, if it must not.
    """

    own = about or (lambda each: (resource.arn_of(each.id, each.account, each.region),))
    judged = _Judged(limit, own, restraint, lock_out)
    return Control[Settings](
        id=id,
        title=title,
        severity=severity,
        mode=mode,
        references=references,
        advice=advice,
        words=Words(
            fault="open to strangers",
            close="narrow its policy to principals of its own account. This cuts off all others, AWS services too",
            prevent="Name the principals that need it, or add a condition to the statement.",
        ),
        hints=Hints(again="open it again", change="narrow the policy"),
        resource=resource,
        triggers=triggers,
        reads=reads,
        writes=writes,
        undoes=undoes,
        read=read,
        judge=judged.judge,
        mend=judged.mend,
        put=_writing(put),
        every=every,
        settings=Settings,
        keys=KEYS,
        say=_said_text,
        did=_did,
        form=comparable,
        errors=errors,
        settles_in=settles_in,
        locate=locate,
        follow=following((*triggers, *follows), says),
        shown_by=shown_by,
        whole=True,
    )


class _Judged:
    """The judgement of one kind of policies, and their mend."""

    def __init__(
        self,
        limit: int,
        about: Callable[[Resource], Sequence[str]],
        restraint: Callable[[Json], str],
        lock_out: Callable[[Json, str], str],
    ) -> None:
        self._limit = limit
        self._about = about
        self._restraint = restraint
        self._lock_out = lock_out

    def judge(self, view: View, settings: Settings) -> Iterator[Finding]:
        """Yield the statements that strangers can use."""
        text = view.parts.get(POLICY)
        if not text:
            return
        try:
            policy = parse(text)
            found = self._at_fault(policy, view, settings)
        except InputError as error:
            yield Finding(part=POLICY, why=f"it cannot be judged. {error}", restraint=_UNREADABLE)
            return
        reasons = {**self._restraints(policy), **narrowed(policy, found, _owner(view, settings)).reasons}
        refused = self._refused(policy, found, _owner(view, settings), reasons)
        for admission in found:
            statement = _name(admission.place, statements_of(policy)[admission.place])
            yield Finding(
                part=POLICY,
                why=f"its statement {statement} is open: {reason(admission)}",
                mark=_mark(policy, admission),
                restraint=reasons.get(admission.place) or refused,
                witness=command(admission.request) if admission.request else "",
            )

    def mend(self, view: View, findings: Sequence[Finding], settings: Settings) -> Patch:
        """Return the policy with the statements of these findings narrowed."""
        policy = parse(view.parts[POLICY])
        marks = {finding.mark for finding in findings}
        found = [each for each in self._at_fault(policy, view, settings) if _mark(policy, each) in marks]
        return {POLICY: _text(narrowed(policy, found, _owner(view, settings)).policy)}

    def _at_fault(self, policy: Json, view: View, settings: Settings) -> list[Admission]:
        found = admissions(policy, _owner(view, settings), self._about(view.resource))
        return [each for each in found if settings.deputies or each.kind == "public"]

    def _restraints(self, policy: Json) -> dict[int, str]:
        told = {place: self._restraint(statement) for place, statement in enumerate(statements_of(policy))}
        return {place: why for place, why in told.items() if why}

    def _refused(self, policy: Json, found: Iterable[Admission], owner: Owner, reasons: Mapping[int, str]) -> str:
        """Return why the policy must not be written with those statements narrowed that can be; empty if it may be."""
        if any(_names_deleted(each) for each in statements_of(policy)):
            return _NAMES_DELETED
        after = narrowed(policy, (each for each in found if each.place not in reasons), owner).policy
        if (size := len(_text(after))) > self._limit:
            return f"narrowed, it has {size:,} characters, and AWS takes {self._limit:,}"
        return self._lock_out(after, owner.account)


def _names_deleted(statement: Json) -> bool:
    principals = [statement.get(each) for each in ("Principal", "NotPrincipal")]
    named = [name for each in principals if isinstance(each, dict) for name in _listed(each.get("AWS", []))]
    return any(_DELETED.fullmatch(str(name)) for name in named)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_open(text: str, account: str, arns: Sequence[str]) -> bool:
    """Return whether strangers to an account can use a policy of the resources with these ARNs. Raises InputError."""
    return any(each.kind == "public" for each in admissions(parse(text), Owner(account), arns))


def _owner(view: View, settings: Settings) -> Owner:
    return Owner(view.resource.account, settings.organization)


def _writing(put: Callable[[Resource, State, str], Call]) -> Callable[[Resource, State, Parts], Iterator[Call]]:
    def write(resource: Resource, now: State, then: Parts) -> Iterator[Call]:
        yield put(resource, now, then.get(POLICY) or "")

    return write


def _text(policy: Json) -> str:
    return json.dumps(policy, ensure_ascii=False, separators=(",", ":"))


def _said_text(text: str) -> str:
    """Return a policy in one line, as AWS may break it."""
    try:
        return _text(json.loads(text))
    except ValueError:
        return text


def _mark(policy: Json, admission: Admission) -> str:
    statement = comparable_statement(statements_of(policy)[admission.place])
    return hashlib.sha256(msgspec.json.encode(statement, order="deterministic")).hexdigest()[:16]


def _name(place: int, statement: Json) -> str:
    return str(statement.get("Sid") or f"number {place + 1}")


def _did(step: Step) -> str:
    before, after = (statements_of(json.loads(text)) for text in (step.before, step.after))
    pairs = zip(before, after, strict=False)
    *others, last = [_name(place, one) for place, (one, other) in enumerate(pairs) if one != other]
    names = f"statements {', '.join(others)} and {last}" if others else f"statement {last}"
    inside = "organization" if step.after.count(_ORGANIZATION) > step.before.count(_ORGANIZATION) else "account"
    return f"narrowed {names} of its policy to principals of its own {inside}"
