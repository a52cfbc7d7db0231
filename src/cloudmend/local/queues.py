"""The SQS queues where events and failure records end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.sqs.models import sqs_backends

from cloudmend.core.partitions import partition_of
from cloudmend.core.resource_policy import ServiceUse, allows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sqs.models import Queue


class Arn(NamedTuple):
    """An ARN in its parts; `resource` is all that follows the account."""

    partition: str
    service: str
    region: str
    account: str
    resource: str


def parse_arn(arn: str) -> Arn:
    """Raises ValueError for a string that is no ARN."""
    _, partition, service, region, account, resource = arn.split(":", 5)
    return Arn(partition, service, region, account, resource)


def find_queue(arn: str) -> Queue | None:
    """The queue of that ARN; None if there is none, or if the ARN is none of a queue."""
    if not arn.startswith("arn:"):
        return None
    parts = parse_arn(arn)
    if (parts.partition, parts.service) != (partition_of(parts.region).id, "sqs"):
        return None
    return sqs_backends[parts.account][parts.region].queues.get(parts.resource)


def accepts(queue: Queue, *, source_arn: str, source_account: str) -> bool:
    """Whether the queue's policy lets EventBridge send for that rule. Without a policy it does not, as on AWS."""
    use = ServiceUse("events.amazonaws.com", "sqs:SendMessage", source_arn, source_account)
    return queue.policy is not None and allows(json.loads(queue.policy), use)


def send(arn: str, body: Mapping[str, Any], attributes: Mapping[str, str] | None = None) -> None:
    """Put a JSON document, with string attributes, on the queue of that ARN, which must exist."""
    parts = parse_arn(arn)
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
    sqs_backends[parts.account][parts.region].send_message(parts.resource, json.dumps(body), message_attributes=typed)
