"""The policies that resources hold, from moto's state: who else, beside the identities of an account, may use them.

moto has no policies of EC2's resources, and of those of other services only the ones that are listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend
from moto.dynamodb.models import dynamodb_backends
from moto.events.models import events_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from cloudmend.local.iam.collect import role_of, text_of, trust_policy
from cloudmend.local.iam.request import Policy
from cloudmend.local.iam.resources_state import Named, parts
from cloudmend.local.s3.access import grants_to


def resource_policy(arn: str, account: str | None = None) -> Policy | None:
    """Return the policy of a resource, or of the bucket of an object; None if it has none, or if it is not there.

    `account` is the caller's, for S3 shuts strangers out of a bucket. None: a service of AWS calls.
    """
    named = parts(arn)
    read = _READERS.get(named.service)
    document = grants_to(named.kind or named.id, account) if named.service == "s3" else read and read(named, arn)
    return Policy(f"{arn} (resource policy)", text_of(document)) if document else None


def trust_of(arn: str) -> Policy | None:
    """Return the policy that says who can assume a role; None if there is no such role."""
    role = role_of(arn)
    return trust_policy(role) if role else None


def _of_queue(named: Named, _: str) -> Any:
    queue = sqs_backends[named.account][named.region].queues.get(named.id)
    return queue.policy if queue else None


def _of_topic(named: Named, arn: str) -> Any:
    topic = sns_backends[named.account][named.region].topics.get(arn)
    return topic.policy if topic else None


def _of_key(named: Named, _: str) -> Any:
    """Return the policy of a key. One that is not there leaves all to its account, so that KMS answers NotFound."""
    if named.kind != "key":
        return None
    key = kms_backends[named.account][named.region].keys.get(named.id)
    statement = {"Effect": "Allow", "Principal": {"AWS": named.account}, "Action": "kms:*", "Resource": "*"}
    return key.policy if key else {"Version": "2012-10-17", "Statement": [statement]}


def _of_function(named: Named, _: str) -> Any:
    kind, _, name = named.id.partition(":")
    try:
        function = get_backend(named.account, named.region).get_function(name.partition(":")[0])
    except UnknownFunctionException:
        return None
    statements = function.policy.statements if kind == "function" and function.policy else None
    return {"Version": "2012-10-17", "Statement": [_with_type(each) for each in statements]} if statements else None


def _with_type(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a statement with the type of its principal, which moto leaves out for an account, user, or role."""
    principal = statement["Principal"]
    return {**statement, "Principal": {"AWS": principal}} if isinstance(principal, str) else statement


def _of_secret(named: Named, arn: str) -> Any:
    secrets = secretsmanager_backends[named.account][named.region].secrets.values()
    return next((getattr(secret, "policy", None) for secret in secrets if secret.arn == arn), None)


def _of_table(named: Named, arn: str) -> Any:
    table = arn.partition("/index/")[0]
    held = dynamodb_backends[named.account][named.region].resource_policies.get(table)
    return held.policy_doc if held else None


def _of_bus(named: Named, _: str) -> Any:
    bus = events_backends[named.account][named.region].event_buses.get(named.id) if named.kind == "event-bus" else None
    return bus.policy if bus else None


_READERS: Final[Mapping[str, Callable[[Named, str], Any]]] = {
    "dynamodb": _of_table,
    "events": _of_bus,
    "kms": _of_key,
    "lambda": _of_function,
    "secretsmanager": _of_secret,
    "sns": _of_topic,
    "sqs": _of_queue,
}
