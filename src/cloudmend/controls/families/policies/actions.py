"""Actions that a person recognizes, for the requests that a policy admits. IAM does not tell their cases apart."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cloudmend.controls.families.policies.conditions import ACTION, RESOURCE
from cloudmend.controls.families.policies.document import Statement

_SERVICE: Final = 2  # its place among the segments of an ARN
# The most harmful ones of each service first.
_USUAL: Final = (
    *("s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:GetBucketAcl"),
    *("sqs:ReceiveMessage", "sqs:SendMessage", "sqs:PurgeQueue"),
    *("sns:Subscribe", "sns:Publish"),
    *("lambda:InvokeFunctionUrl", "lambda:InvokeFunction", "lambda:GetLayerVersion"),
    *("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"),
    *("kms:Decrypt", "kms:Encrypt", "kms:PutKeyPolicy"),
    *("ecr:BatchGetImage", "ecr:PutImage"),
    "events:PutEvents",
    *("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"),
    *("es:ESHttpGet", "es:ESHttpPost"),
    *("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
    *("dynamodb:GetItem", "dynamodb:PutItem"),
    *("kinesis:GetRecords", "kinesis:PutRecord"),
    "execute-api:Invoke",
)
_OF_OBJECTS: Final = "s3:getobject"  # a bucket alone answers other requests
_BY_FOLDED: Final = {each.lower(): each for each in _USUAL}


def usual_actions(statement: Statement) -> tuple[str, ...]:
    """Return actions in lower case, those of the services first whose resources, or else actions, a statement names."""
    named = {each.key: each.values for each in statement.conditions if each.key in (ACTION, RESOURCE)}
    return _usual(named.get(RESOURCE, ()), named.get(ACTION, ()))


@lru_cache(maxsize=1024)
def _usual(resources: tuple[str, ...], actions: tuple[str, ...]) -> tuple[str, ...]:
    services = {each.split(":")[_SERVICE] for each in resources if each.count(":") >= _SERVICE}
    services = services or {each.partition(":")[0].lower() for each in actions}
    objects = any("/" in each for each in resources)

    def rank(action: str) -> tuple[bool, bool]:
        return action.partition(":")[0] not in services, action == _OF_OBJECTS and not objects

    return tuple(sorted(_BY_FOLDED, key=rank))


def spelled(action: str, statement: Statement) -> str:
    """Return an action as AWS spells it, or as the statement does if AWS's spelling is not known."""
    named = (value for each in statement.conditions if each.key == ACTION for value in each.values)
    return _BY_FOLDED.get(action) or next((value for value in named if value.lower() == action), action)
