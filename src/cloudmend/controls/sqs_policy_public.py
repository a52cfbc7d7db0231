"""A queue whose policy lets strangers in: callers whom its author could not have named.

The statement is narrowed in place to the queue's own account, or to its organization, if the policy file names one.
Signed requests from there keep their access. Requests without credentials, other accounts, and AWS services lose it: a
bucket or a topic that sends to the queue needs a statement of its own, with `aws:SourceArn`. A statement with a
condition that AWS services meet, such as one on `aws:SourceArn`, is only reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from cloudmend.controls.families.policy_records import POLICY, policy_of, with_statement, without_statement
from cloudmend.controls.families.public_policies import Settings, public_policy
from cloudmend.controls.resource_types import QUEUE
from cloudmend.core.contract import State, Trigger, lists, rights
from cloudmend.core.errors import EventError
from cloudmend.core.events import mapping, text
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.partitions import partition_of
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import values_at

_LIMIT: Final = 8192  # characters; AWS does not document it
_GONE: Final = dict.fromkeys(("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"))
_PLACES: Final = ("request.queueUrl", "response.queueUrl")
_OPENING: Final = ("AddPermission", "CreateQueue", "SetQueueAttributes")
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


def _read(queue: Resource, reader: Reader, _: Settings) -> State | None:
    named = {"QueueName": queue.id, "QueueOwnerAWSAccountId": queue.account}
    found = reader.get(Call("sqs", "GetQueueUrl", named), _GONE)
    asked = found and {"QueueUrl": found["QueueUrl"], "AttributeNames": [POLICY]}
    answer = asked and reader.get(Call("sqs", "GetQueueAttributes", asked), _GONE)
    return None if answer is None else State(answer.get("Attributes", {}), context=(found or {})["QueueUrl"])


def _shown_by(queue: Resource) -> Iterator[Call]:
    url = f"https://sqs.{queue.region}.{partition_of(queue.region).url_suffix}/{queue.account}/{queue.id}"
    yield Call("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": [POLICY]})


def _says(call: ApiCall, before: str) -> str:
    attributes = mapping(call.request.get("attributes") or call.request.get("attribute"))
    if POLICY in attributes:
        return policy_of(call, attributes[POLICY])
    match call.name:
        case "AddPermission":
            return with_statement(before, _statement(call))
        case "RemovePermission":
            return without_statement(before, call.request.get("label"))
        case "DeleteQueue":
            return ""
    return before


def _statement(call: ApiCall) -> Json:
    """Return the statement that a call adds. A record without actions stands for all of them."""
    actions = [f"SQS:{each}" for each in values_at(call, "request.actions[]")]
    principal = {"AWS": list(values_at(call, "request.aWSAccountIds[]"))}
    return {"Sid": call.request.get("label"), "Effect": "Allow", "Principal": principal, "Action": actions or "SQS:*"}


def _put(_: Resource, now: State, text: str) -> Call:
    return Call("sqs", "SetQueueAttributes", {"QueueUrl": now.context, "Attributes": {POLICY: text}})


def _every(_: Resource, reader: Reader, __: Settings) -> Iterator[str]:
    return (
        str(url).rpartition("/")[2] for url in reader.rows(Call("sqs", "ListQueues", {"MaxResults": 1000}), "QueueUrls")
    )


CONTROL: Final = public_policy(
    id="sqs_policy_public",
    title="A queue's policy lets strangers in",
    severity="high",
    references=("Security Hub SQS.3",),
    advice="In Terraform, add the condition to the aws_sqs_queue_policy resource.",
    resource=QUEUE,
    triggers=tuple(Trigger("sqs.amazonaws.com", name) for name in _OPENING),
    follows=tuple(Trigger("sqs.amazonaws.com", name) for name in ("DeleteQueue", "RemovePermission")),
    says=_says,
    reads=(*rights("sqs:GetQueueAttributes", "sqs:GetQueueUrl"), *lists("sqs:ListQueues")),
    writes=rights("sqs:SetQueueAttributes"),
    undoes=rights("sqs:SetQueueAttributes"),
    read=_read,
    put=_put,
    every=_every,
    limit=_LIMIT,
    locate=_locate,
    shown_by=_shown_by,
    settles_in=timedelta(seconds=60),
)
