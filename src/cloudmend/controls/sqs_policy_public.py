"""A queue whose policy lets everybody in: an Allow without a condition, to every principal or to all but some.

It is narrowed in place to the queue's own account, which is a subset of what it admitted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cloudmend.controls.resource_types import QUEUE
from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    NoSettings,
    Parts,
    Patch,
    State,
    Trigger,
    View,
    lists,
    rights,
)
from cloudmend.core.errors import EventError
from cloudmend.core.events import mapping, text
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Step, Words
from cloudmend.core.partitions import partition_of
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import values_at

_POLICY: Final = "Policy"
_GONE: Final = dict.fromkeys(("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"))
_EXCEPTION: Final = "NotPrincipal"
_PLACES: Final = ("request.queueUrl", "response.queueUrl")
_OF_STATEMENTS: Final = ("AddPermission", "RemovePermission")
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)


def _locate(call: ApiCall) -> Iterator[Resource]:
    """Yield the queue that a queue URL names: .../ACCOUNT/NAME."""
    url = next((text(value) for place in _PLACES for value in values_at(call, place)), None)
    if url:
        place, _, name = url.rpartition("/")
        account = place.rpartition("/")[2]
        if not (_ACCOUNT.fullmatch(account) and re.fullmatch(QUEUE.id_pattern, name)):
            raise EventError(f"Event {call.event_id} ({call.name}) names {url!r}, which is not the URL of a queue.")
        yield Resource(type=QUEUE.type, id=name, account=account, region=call.region)


def _read(queue: Resource, reader: Reader, _: NoSettings) -> State | None:
    named = {"QueueName": queue.id, "QueueOwnerAWSAccountId": queue.account}
    found = reader.get(Call("sqs", "GetQueueUrl", named), _GONE)
    asked = found and {"QueueUrl": found["QueueUrl"], "AttributeNames": [_POLICY]}
    answer = asked and reader.get(Call("sqs", "GetQueueAttributes", asked), _GONE)
    return None if answer is None else State(answer.get("Attributes", {}), context=(found or {})["QueueUrl"])


def _shown_by(queue: Resource) -> Iterator[Call]:
    url = f"https://sqs.{queue.region}.{partition_of(queue.region).url_suffix}/{queue.account}/{queue.id}"
    yield Call("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": [_POLICY]})


def _judge(view: View, _: NoSettings) -> Iterator[Finding]:
    for number, statement in enumerate(_statements(view.parts)):
        if _is_public(statement):
            mark = json.dumps(statement, sort_keys=True)
            but = " but those that it names" if _EXCEPTION in statement else ""
            why = f"its statement {_name(number, statement)} lets every principal in{but}"
            yield Finding(part=_POLICY, why=why, mark=mark)


def _mend(view: View, findings: Sequence[Finding], _: NoSettings) -> Patch:
    marks = {finding.mark for finding in findings}
    condition = {"Condition": {"StringEquals": {"aws:PrincipalAccount": view.resource.account}}}
    narrowed = [
        {**each, **condition} if json.dumps(each, sort_keys=True) in marks else each for each in _statements(view.parts)
    ]
    return {_POLICY: json.dumps({**json.loads(view.parts[_POLICY]), "Statement": narrowed})}


def _did(step: Step) -> str:
    left = _statements({_POLICY: step.after})
    named = [_name(number, each) for number, each in enumerate(_statements({_POLICY: step.before})) if each not in left]
    return f"narrowed statement {', '.join(named)} of its policy to the principals of its own account"


def _name(number: int, statement: Json) -> str:
    return statement.get("Sid") or f"number {number + 1}"


def _is_public(statement: Json) -> bool:
    if statement.get("Effect") != "Allow" or statement.get("Condition"):
        return False
    if _EXCEPTION in statement:
        return not _is_everybody(statement[_EXCEPTION])
    return _is_everybody(statement.get("Principal", ()))


def _is_everybody(principal: Any) -> bool:
    """Return whether everybody is among the principals, alone or beside accounts and services that are named."""
    named = principal.get("AWS", ()) if isinstance(principal, dict) else principal
    return "*" in ([named] if isinstance(named, str) else named)


def _statements(parts: Parts) -> list[Any]:
    found = json.loads(parts.get(_POLICY) or "{}").get("Statement", [])
    return found if isinstance(found, list) else [found]


def _step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
    """Return what a call leaves of it. Of a queue without a policy nothing need be known. Raises EventError."""
    attributes = mapping(call.request.get("attributes") or call.request.get("attribute"))
    if _POLICY in attributes:
        return _followed(_policy_of(call, attributes[_POLICY]))
    if call.name == "DeleteQueue":
        return Followed(None)
    if call.name not in _OF_STATEMENTS:
        return Followed(before)
    policy, label = mapping(before.parts[_POLICY]) if before else {}, call.request.get("label")
    left = [each for each in _statements(before.parts if before else {}) if each.get("Sid") != label]
    if call.name == "AddPermission":
        principal = {"AWS": list(values_at(call, "request.aWSAccountIds[]"))}
        left.append({"Sid": label, "Effect": "Allow", "Principal": principal})
    return _followed(json.dumps({**policy, "Statement": left}) if left else "")


def _followed(policy: str) -> Followed:
    return Followed(State({_POLICY: policy}) if policy else None)


def _policy_of(call: ApiCall, value: Any) -> str:
    """Return the policy that a call sets; empty if it takes the policy away. Raises EventError."""
    policy = value if isinstance(value, str) else json.dumps(value)
    statements = _statements({_POLICY: policy}) if mapping(value) else [None]
    if policy and not all(isinstance(each, dict) for each in statements):
        raise EventError(f"Event {call.event_id} ({call.name}) sets a policy that cannot be read.")
    return policy


def _put(_: Resource, now: State, then: Parts) -> Iterator[Call]:
    params = {"QueueUrl": now.context, "Attributes": {_POLICY: then.get(_POLICY, "")}}
    yield Call("sqs", "SetQueueAttributes", params)


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    return (
        str(url).rpartition("/")[2] for url in reader.rows(Call("sqs", "ListQueues", {"MaxResults": 1000}), "QueueUrls")
    )


CONTROL: Final = Control[NoSettings](
    id="sqs_policy_public",
    title="A queue's policy lets every principal in",
    severity="high",
    references=("Security Hub SQS.3",),
    advice="In Terraform, add the condition to the aws_sqs_queue_policy resource.",
    words=Words(
        fault="open to every principal",
        close="narrow its policy to the principals of its own account. This cuts off all others",
        prevent="Name the principals that need it, or add a condition to the statement.",
    ),
    hints=Hints(again="open it again", change="narrow the policy"),
    resource=QUEUE,
    triggers=tuple(
        Trigger("sqs.amazonaws.com", name) for name in ("AddPermission", "CreateQueue", "SetQueueAttributes")
    ),
    reads=(*rights("sqs:GetQueueAttributes", "sqs:GetQueueUrl"), *lists("sqs:ListQueues")),
    writes=rights("sqs:SetQueueAttributes"),
    undoes=rights("sqs:SetQueueAttributes"),
    read=_read,
    judge=_judge,
    put=_put,
    mend=_mend,
    every=_every,
    locate=_locate,
    follow=Following(
        calls=tuple(
            Trigger("sqs.amazonaws.com", name)
            for name in (*_OF_STATEMENTS, "CreateQueue", "DeleteQueue", "SetQueueAttributes")
        ),
        step=_step,
    ),
    shown_by=_shown_by,
    did=_did,
    form=lambda policy: json.loads(policy),
    settles_in=timedelta(seconds=60),
    whole=True,
)
