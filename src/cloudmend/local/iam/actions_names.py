"""The operations whose names are not those of their IAM actions, and those that hand a role to a service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cloudmend.local.iam.resources_described import ApiCall, described

_BLOCK: Final = "PublicAccessBlock"
# By botocore's name of the service.
_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "lambda": {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"},
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObjects": "DeleteObject",
        f"Delete{_BLOCK}": f"PutBucket{_BLOCK}",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketCors": "GetBucketCORS",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        f"Get{_BLOCK}": f"GetBucket{_BLOCK}",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketCors": "PutBucketCORS",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        f"Put{_BLOCK}": f"PutBucket{_BLOCK}",
        "UploadPart": "PutObject",
    },
    "s3control": {
        f"Delete{_BLOCK}": f"PutAccount{_BLOCK}",
        f"Get{_BLOCK}": f"GetAccount{_BLOCK}",
        f"Put{_BLOCK}": f"PutAccount{_BLOCK}",
    },
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
}
_ROLE_SESSION: Final = (
    (frozenset({"Tags", "TransitiveTagKeys"}), "TagSession"),
    (frozenset({"SourceIdentity"}), "SetSourceIdentity"),
)
# By service and action: the parameters with which a call needs a further action.
_BESIDES: Final[Mapping[tuple[str, str], Iterable[tuple[frozenset[str], str]]]] = {
    ("sts", "AssumeRole"): _ROLE_SESSION,
    ("sts", "AssumeRoleWithSAML"): _ROLE_SESSION,
    ("sts", "AssumeRoleWithWebIdentity"): _ROLE_SESSION,
}
# Operations that read or write a version of an object if they name one.
_VERSIONED: Final = {"GetObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion"}
# By service and operation: where the call has the ARNs of roles, and to which service it passes them.
_STACK_ROLE: Final = ("RoleARN", "cloudformation.amazonaws.com")
_FUNCTION_ROLE: Final = ("Role", "lambda.amazonaws.com")
_SCHEDULE_ROLE: Final = ("Target.RoleArn", "scheduler.amazonaws.com")
_PASSING: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("cloudformation", "CreateChangeSet"): _STACK_ROLE,
    ("cloudformation", "CreateStack"): _STACK_ROLE,
    ("cloudformation", "DeleteStack"): _STACK_ROLE,
    ("cloudformation", "UpdateStack"): _STACK_ROLE,
    ("events", "PutRule"): ("RoleArn", "events.amazonaws.com"),
    ("events", "PutTargets"): ("Targets[].RoleArn", "events.amazonaws.com"),
    ("lambda", "CreateFunction"): _FUNCTION_ROLE,
    ("lambda", "UpdateFunctionConfiguration"): _FUNCTION_ROLE,
    ("scheduler", "CreateSchedule"): _SCHEDULE_ROLE,
    ("scheduler", "UpdateSchedule"): _SCHEDULE_ROLE,
}


def actions_of(call: ApiCall) -> Iterable[str]:
    """Return the actions that an operation needs on the resources that it names. Raises Undescribed."""
    name = _NAMES.get(call.service, {}).get(call.operation, call.operation)
    if call.service == "s3" and (call.params or {}).get("VersionId"):
        name = _VERSIONED.get(name, name)
    if name not in described(call.prefix).actions:
        raise call.undescribed()
    besides = (
        action for params, action in _BESIDES.get((call.prefix, name), ()) if params & (call.params or {}).keys()
    )
    return (f"{call.prefix}:{each}" for each in (name, *besides))


def passed_service(call: ApiCall) -> tuple[str, str]:
    """Return the JMESPath of the roles that a call passes, and the service that gets them; empty if it passes none."""
    return _PASSING.get((call.prefix, call.operation), ("", ""))
