"""Statements of IAM policies as CloudFormation writes them: what each control reads, mends and undoes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from cloudmend.core.contract import Control, Right
from cloudmend.core.model import Json
from cloudmend.core.policy.model import name_of

Kind = Literal["Read", "List", "Follow", "Mend", "Ask", "Undo"]
HERE: Final = "${AWS::Region}"
EVERYWHERE: Final = "*"

# What the stack has that no control may touch, by the service whose writes could: logical ids of template.yaml.
OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "dynamodb": ("LedgerTable",),
    "iam": ("SecurityGroupRemediationRole", "SweepRole", "UndoRole", "SweepTimerRole"),
    "kms": ("NoticeKey",),
    "lambda": ("SecurityGroupRemediationLambda", "SweepFunction"),
    "logs": ("RemediationLogGroup",),
    "sns": ("NoticeTopic", "ChatTopic"),
    "sqs": ("DeadLetterQueue", "ContinuationQueue"),
}
_BY_REF: Final = ("NoticeTopic", "ChatTopic")  # Ref is their ARN


class Granted(Struct, frozen=True):
    """A statement, and the condition of the template under which a policy has it. Empty: always."""

    condition: str
    body: Json
    writes: bool = False

    @property
    def value(self) -> Any:
        """The statement as the template writes it."""
        return {"Fn::If": [self.condition, self.body, {"Ref": "AWS::NoValue"}]} if self.condition else self.body

    @property
    def actions(self) -> list[str]:
        """The actions of the statement."""
        listed = self.body["Action"]
        return listed if isinstance(listed, list) else [listed]


def mend(control: Control[Any], region: str) -> Iterator[Granted]:
    """Yield what the functions may do for a control: in their Region, or in every one what AWS tells apart by it."""
    name = name_of(control.id)
    yield from _granted(control, f"Hears{name}", "Read", _kept(control), region)
    yield from _granted(control, f"Hears{name}", "List", [each for each in control.reads if each.is_listing], region)
    yield from _granted(control, f"Mends{name}", "Mend", control.writes, region)
    yield from _granted(control, f"Mends{name}", "Ask", control.asks, region)


def follow(control: Control[Any], region: str) -> Iterator[Granted]:
    """Yield what the function that events wake may do beyond that."""
    yield from _granted(control, f"Hears{name_of(control.id)}", "Follow", control.follows, region)


def undo(control: Control[Any], region: str) -> Iterator[Granted]:
    """Yield what people may do to undo a mend of a control."""
    condition = f"Undoes{name_of(control.id)}"
    if control.undoes:
        yield from _granted(control, condition, "Read", _kept(control), region)
        yield from _granted(control, condition, "Undo", control.undoes, region)


def denials(granted: Iterable[Granted]) -> Iterator[Granted]:
    """Yield the statements that deny what was granted to controls for what is cloudmend's own, one for each service."""
    writes = sorted({action for each in granted if each.writes for action in each.actions})
    for service, names in OWN.items():
        own = [action for action in writes if action.partition(":")[0] == service]
        if own:
            resources = [{"Ref": name} if name in _BY_REF else {"Fn::GetAtt": [name, "Arn"]} for name in names]
            yield Granted("", _body(f"LeaveOwn{service.title()}", "Deny", own, resources))


def _kept(control: Control[Any]) -> list[Right]:
    """Return the rights to read what is known, which an undo needs too."""
    return [each for each in control.reads if not each.is_listing]


def _granted(
    control: Control[Any], condition: str, kind: Kind, rights: Sequence[Right], region: str
) -> Iterator[Granted]:
    """Yield a statement for each set of resources and conditions."""
    for seen, (resources, given, actions) in enumerate(_grouped(control, rights, region), 1):
        sid = f"{name_of(control.id)}{kind}{'' if region == HERE else 'Elsewhere'}{seen if seen > 1 else ''}"
        body = _body(sid, "Allow", actions, [_arn(each, region) for each in resources])
        yield Granted(condition, {**body, "Condition": given} if given else body, kind in ("Mend", "Undo"))


def _grouped(
    control: Control[Any], rights: Sequence[Right], region: str
) -> Iterator[tuple[list[str], Json, list[str]]]:
    """Yield resources, conditions and actions: rights with the same conditions whose resources are the same are one."""
    reached: dict[tuple[str, str], list[str]] = {}
    conditions: dict[str, Json] = {}
    for right in rights:
        resource = right.resource or control.resource.arn
        if region == HERE or "{region}" in resource:
            given: Json = right.block
            key = json.dumps(given)
            conditions[key] = given
            reached.setdefault((right.action, key), []).append(resource)
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (action, key), resources in reached.items():
        groups.setdefault((tuple(resources), key), []).append(action)
    for (named, key), actions in groups.items():
        yield list(named), conditions[key], actions


def _body(sid: str, effect: str, actions: Sequence[str], resources: Sequence[Any]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, "Action": _one(actions), "Resource": _one(resources)}


def _one(values: Sequence[Any]) -> Any:
    """Return the value itself, if there is one."""
    return values[0] if len(values) == 1 else list(values)


def _arn(pattern: str, region: str) -> Any:
    """Return an ARN of any resource of the stack's account."""
    if pattern == "*":
        return pattern
    names = {"partition": "${AWS::Partition}", "account": "${AWS::AccountId}"}
    return {"Fn::Sub": pattern.format(**names, region=region, id="*")}
