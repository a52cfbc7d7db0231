"""The SQS queues where events and failure records end, and SQS's part of the front.

What is sent to a queue reaches the function that the queue is mapped to. Lambda polls; here a message is taken when it
is sent, or, where it is delayed, when its delay is over. One whose function fails is taken again at once rather than
when its visibility timeout has passed, and only where a redrive policy ends that.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.awslambda.utils import get_backend
from moto.sqs.models import sqs_backends

from cloudmend.core.partitions import partition_of
from cloudmend.core.resource_policy import ServiceUse, allows
from cloudmend.local import stored_policies
from cloudmend.local.functions import find_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set

    from moto.awslambda.models import EventSourceMapping, LambdaFunction
    from moto.sqs.models import Message, Queue

    from cloudmend.local.front import Exchange
    from cloudmend.local.functions import Functions
    from cloudmend.local.messages import ApiResponse
    from cloudmend.local.worker import Worker


_SETS = frozenset({"CreateQueue", "SetQueueAttributes"})
_SENDS = frozenset({"SendMessage", "SendMessageBatch"})
_INVISIBLE_S = 3600
_LATE_S = 0.01  # after a delay is over: moto compares milliseconds


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
    """Return whether the queue's policy lets EventBridge send for that rule. Without a policy, it does not."""
    use = ServiceUse("events.amazonaws.com", "sqs:SendMessage", source_arn, source_account)
    return queue.policy is not None and allows(json.loads(queue.policy), use)


def send(arn: str, body: Mapping[str, Any], attributes: Mapping[str, str] | None = None) -> None:
    """Put a JSON document, with string attributes, on the queue of that ARN, which must exist."""
    parts = parse_arn(arn)
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
    sqs_backends[parts.account][parts.region].send_message(parts.resource, json.dumps(body), message_attributes=typed)


def named(arn: str) -> Mapping[str, str]:
    """Return the parameter that names the queue of an ARN in a call."""
    parts = parse_arn(arn)
    return {"QueueUrl": f"/{parts.account}/{parts.resource}"}


def _check_policy(exchange: Exchange) -> None:
    """Raise ApiError for a policy that SQS does not take. An empty one takes the policy away."""
    call = exchange.call if exchange.request.operation in _SETS else None
    if call and (text := call.params.get("Attributes", {}).get("Policy")):
        stored_policies.check(text, stored_policies.QUEUE)


class QueueService:
    """Queues are moto's; the functions behind them are run here."""

    def __init__(self, functions: Functions, worker: Worker) -> None:
        self._functions = functions
        self._worker = worker

    def __call__(self, exchange: Exchange) -> ApiResponse:
        _check_policy(exchange)
        response = exchange.forward()
        if exchange.request.operation in _SENDS and response.error_code is None:
            sent = json.loads(exchange.request.body)
            name = sent["QueueUrl"].rpartition("/")[2]
            queue = sqs_backends[exchange.principal.account][exchange.request.region].get_queue(name)
            for mapping in _mappings(queue):
                self._take(partial(self._drain, queue, mapping), _delays_s(sent, queue))
        return response

    def _take(self, drain: Callable[[], None], delays_s: Set[int]) -> None:
        for delay_s in delays_s:
            if delay_s:
                self._worker.submit_later(drain, delay_s + _LATE_S)
            else:
                self._worker.submit(drain)

    def _drain(self, queue: Queue, mapping: EventSourceMapping) -> None:
        """Give the function what is in the queue, until nothing is left or nothing more can be done.

        Lambda reads the queue with the role of the function. What the role may not read stays there.
        """
        function = find_function(mapping.function_arn, queue.account_id, queue.region)
        if function is None or not self._functions.acts(function, "sqs", "GetQueueAttributes", named(queue.queue_arn)):
            return
        backend = sqs_backends[queue.account_id][queue.region]
        while self._functions.acts(function, "sqs", "ReceiveMessage", named(queue.queue_arn)):
            messages = backend.receive_message(queue.name, mapping.batch_size, 0, _INVISIBLE_S)
            if not messages:
                return
            succeeded = self._invoke(function, queue, messages)
            for receipt in [message.receipt_handle or "" for message in messages]:
                if succeeded:
                    backend.delete_message(queue.name, receipt)
                elif queue.dead_letter_queue is not None:
                    backend.change_message_visibility(queue.name, receipt, 0)

    def _invoke(self, function: LambdaFunction, queue: Queue, messages: Sequence[Message]) -> bool:
        """Return whether the function took the messages, and its role lets Lambda delete them."""
        records = [_record(queue, message) for message in messages]
        if self._functions.invoke(function, {"Records": records}).error is not None:
            return False
        return self._functions.acts(function, "sqs", "DeleteMessage", named(queue.queue_arn))


def _delays_s(sent: Mapping[str, Any], queue: Queue) -> Set[int]:
    """Return the delays of the messages of a SendMessage or a SendMessageBatch."""
    own: int = queue.delay_seconds  # type: ignore[attr-defined]  # moto sets it by the attribute's name
    return {int(each.get("DelaySeconds", own)) for each in sent.get("Entries", [sent])}


def _mappings(queue: Queue) -> Iterator[EventSourceMapping]:
    for mapping in get_backend(queue.account_id, queue.region).list_event_source_mappings(queue.queue_arn, ""):
        if mapping.enabled:
            yield mapping


def _record(queue: Queue, message: Message) -> dict[str, Any]:
    """A message as Lambda passes it on: docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.approximate_receive_count)},
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }
