"""The ARNs of the resources that an API call is about, by the types that AWS names for its action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import jmespath
from jmespath.parser import ParsedResult

from cloudmend.local.iam.resources_described import ApiCall, State, described, listed, parameter_of

# Where a call has the ids or the ARNs of a type, as JMESPath, if no parameter has the name that the ARN has for the id.
_PATHS: Final[Mapping[str, Mapping[str, str]]] = {
    "cloudtrail": {"trail": "TrailName || Name || ResourceId"},
    "cloudwatch": {"alarm": "AlarmName || AlarmNames || ResourceARN"},
    "dynamodb": {"table": "TableName || ResourceArn || RequestItems && keys(RequestItems)"},
    "ec2": {
        "network-acl": "NetworkAclId",
        "network-interface": "NetworkInterfaceId",
        "security-group": "GroupId || Groups",
        "security-group-rule": "SecurityGroupRules[].SecurityGroupRuleId",
        "vpc-endpoint-service": "ServiceId || ServiceIds",
    },
    "events": {"event-bus": "EventBusName || Name"},
    "iam": {
        "group": "GroupName",
        "instance-profile": "InstanceProfileName",
        "policy": "PolicyArn || PolicyName",
        "role": "RoleName",
        "user": "UserName",
    },
    "eks": {"cluster": "name || clusterName"},
    "lightsail": {"Instance": "instanceName || instanceNames"},
    "rds": {
        "cluster": "DBClusterIdentifier",
        "cluster-snapshot": (
            "DBClusterSnapshotIdentifier || TargetDBClusterSnapshotIdentifier || SourceDBClusterSnapshotIdentifier"
        ),
        "db": "DBInstanceIdentifier",
        "snapshot": "DBSnapshotIdentifier || TargetDBSnapshotIdentifier || SourceDBSnapshotIdentifier",
    },
    "redshift": {"cluster": "ClusterIdentifier"},
    "s3": {"bucket": "Bucket"},
    "secretsmanager": {"Secret": "SecretId || Name"},
    "securityhub": {"product": "Findings[].ProductArn"},
    "sns": {"topic": "TopicArn || TargetArn || ResourceArn || Name"},
    "ssm": {"document": "Name || DocumentName"},
    "sts": {"role": "RoleArn"},
}
# The id of all resources of a type, for a call that lists them without naming one.
_LISTS: Final = {
    "rds:DescribeDBClusterSnapshots": "cluster-snapshot",
    "rds:DescribeDBClusters": "cluster",
    "rds:DescribeDBInstances": "db",
    "rds:DescribeDBSnapshots": "snapshot",
    "redshift:DescribeClusters": "cluster",
}
# Calls that create a resource whose id AWS chooses, and calls that can be about all resources of a type.
_UNNAMED: Final = ("Allocate", "Copy", "Create", "Describe", "Import", "List", "Register", "Run")
_NO_ROW: Final = "*"


def resources_of(call: ApiCall, action: str, state: State) -> Iterator[str]:
    """Yield the ARNs that a call is about, for one of its actions; "*" if the action has no resources.

    Each required type must be named by the call. Of the others those count that it names. Raises Undescribed.
    """
    types = described(call.prefix).actions[action.partition(":")[2]]
    found = {kind.rstrip("*"): list(_ids(call, kind.rstrip("*"))) for kind in types}
    if call.params is None and types:
        raise call.undescribed("its parameters are in a protocol that cannot be read")
    if found.get("index"):  # DynamoDB checks a read of an index against the index alone
        found.pop("table", None)
    elif not any(found.values()) and action in _LISTS:
        found = {_LISTS[action]: [_NO_ROW]}
    for kind in (kind.rstrip("*") for kind in types if kind.endswith("*")):
        if not found.get(kind, [_NO_ROW]):
            found[kind] = [_unnamed(call, kind)]
    arns = [state.named(call.arn(kind, each)) for kind, ids in found.items() for each in ids]
    yield from dict.fromkeys(arns or ["*"])


def _unnamed(call: ApiCall, kind: str) -> str:
    if call.operation.startswith(_UNNAMED):
        return _NO_ROW
    raise call.undescribed(f"the call does not say which {kind} it is about")


def _ids(call: ApiCall, kind: str) -> Iterator[str]:
    """Yield the ids or ARNs of a type that a call names."""
    params = call.params or {}
    if reads := _READERS.get((call.prefix, kind)):
        yield from reads(call, params)
        return
    yield from map(str, listed(_found(call, kind, params)))


@cache
def _path(prefix: str, kind: str) -> ParsedResult | None:
    text = _PATHS.get(prefix, {}).get(kind)
    return jmespath.compile(text) if text else None


def _found(call: ApiCall, kind: str, params: Mapping[str, Any]) -> Any:
    """Return what the path of a type finds, or the parameter that has the name of the id in the ARN, or its plural."""
    if path := _path(call.prefix, kind):
        return path.search(params)
    name = parameter_of(described(call.prefix).arns.get(kind, ""))
    return next((value for key, value in params.items() if name and key.lower() in (name, f"{name}s")), None)


def _stacks(call: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    """CloudFormation names a stack in a denial as the call does: by its name and any id, or by its ARN."""
    name = params.get("StackName", "")
    if name:
        yield name if name.startswith("arn:") else f"{name}/*"
    elif call.operation in ("DescribeStacks", "DescribeStackResources"):
        yield "*/*"


def _indexes(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    if index := params.get("IndexName"):
        table = params["TableName"]
        yield f"{table}/index/{index}"


def _tagged(kind: str) -> Callable[[ApiCall, Mapping[str, Any]], Iterator[str]]:
    """Return the reader of an EC2 type that a call names, tags by its ids, or creates with tags."""
    prefix = _EC2_IDS[kind]

    def read(call: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
        if call.operation in ("CreateTags", "DeleteTags"):
            yield from (each for each in params.get("Resources", ()) if each.startswith(f"{prefix}-"))
            return
        found = _found(call, kind, params)
        if kind == "security-group" and call.operation != "CreateSecurityGroup":
            found = found or params.get("GroupName")  # of the default VPC; the state knows its id
        specified = any(each.get("ResourceType") == kind for each in params.get("TagSpecifications", ()))
        yield from listed(found) or ([_NO_ROW] if specified else ())

    return read


_EC2_IDS: Final = {
    "image": "ami",
    "instance": "i",
    "network-interface": "eni",
    "prefix-list": "pl",
    "security-group": "sg",
    "security-group-rule": "sgr",
    "snapshot": "snap",
    "subnet": "subnet",
    "volume": "vol",
    "vpc": "vpc",
}


def _functions(call: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield a function by name, by ACCOUNT:function:NAME, or by ARN, with the qualifier that the call names."""
    name = str(next((params[key] for key in ("FunctionName", "ResourceArn", "Resource") if key in params), ""))
    if name:
        account, _, short = name.rpartition("function:")
        whole = name if name.startswith("arn:") else call.arn("function", short, account.removesuffix(":"))
        qualifier = params.get("Qualifier")
        yield f"{whole}:{qualifier}" if qualifier and not whole.endswith(f":{qualifier}") else whole


def _log_streams(call: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield a log group as AWS names it in a denial: with its stream, or with an empty one."""
    group = params.get("logGroupName") or params.get("logGroupIdentifier") or params.get("resourceArn", "")
    if group:
        stream = params.get("logStreamName", "")
        yield call.arn("log-group", f"{str(group).rpartition(':log-group:')[2].removesuffix(':*')}:log-stream:{stream}")


def _parameters(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    names = params.get("Names") or [params.get("Name") or params.get("Path") or params.get("ResourceId") or ""]
    yield from (name if name.startswith("arn:") else name.removeprefix("/") for name in names if name)


def _queues(call: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the queue of a URL, which ends with its account and name, or of a name and its owner's account."""
    place, _, name = str(params.get("QueueUrl") or params.get("QueueName") or "").rpartition("/")
    owner = place.rpartition("/")[2] or params.get("QueueOwnerAWSAccountId", "")
    if name:
        yield call.arn("queue", name, owner)


def _rules(is_custom: bool) -> Callable[[ApiCall, Mapping[str, Any]], Iterator[str]]:
    def read(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
        bus = str(params.get("EventBusName") or "default").rpartition("/")[2]
        name = params.get("Rule") or params.get("Name")
        if name and (bus != "default") is is_custom:
            yield f"{bus}/{name}" if is_custom else name

    return read


def _schedules(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    if name := params.get("Name"):
        yield f"{params.get('GroupName') or 'default'}/{name}"


def _objects(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    deleted = params.get("Delete", {}).get("Objects", ())
    keys = [each["Key"] for each in deleted] or [params[key] for key in ("Key",) if key in params]
    yield from (f"{params['Bucket']}/{each}" for each in keys)


def _keys(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield a key by its id, its ARN, or as "alias/NAME", in an ARN too. The state knows which key has the alias."""
    place, is_alias, name = str(params.get("KeyId") or params.get("TargetKeyId") or "").partition(":alias/")
    if place:
        yield f"{place}:key/alias/{name}" if is_alias else place


def _aliases(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
    if name := params.get("AliasName"):
        yield name.removeprefix("alias/")


def _paths_in_iam(kind: str) -> Callable[[ApiCall, Mapping[str, Any]], Iterator[str]]:
    """Return the reader of what IAM keeps under a path. Only a call that creates it says the path."""
    path = _path("iam", kind)

    def read(_: ApiCall, params: Mapping[str, Any]) -> Iterator[str]:
        if name := path.search(params) if path else None:
            yield name if name.startswith("arn:") else f"{params.get('Path') or '/'}{name}".removeprefix("/")

    return read


_READERS: Final[Mapping[tuple[str, str], Callable[[ApiCall, Mapping[str, Any]], Iterator[str]]]] = {
    ("cloudformation", "stack"): _stacks,
    ("dynamodb", "index"): _indexes,
    **{("ec2", kind): _tagged(kind) for kind in _EC2_IDS},
    ("events", "rule-on-custom-event-bus"): _rules(True),
    ("events", "rule-on-default-event-bus"): _rules(False),
    **{("iam", kind): _paths_in_iam(kind) for kind in _PATHS["iam"]},
    ("kms", "alias"): _aliases,
    ("kms", "key"): _keys,
    ("lambda", "function"): _functions,
    ("logs", "log-group"): _log_streams,
    ("logs", "log-stream"): _log_streams,
    ("s3", "object"): _objects,
    ("scheduler", "schedule"): _schedules,
    ("sqs", "queue"): _queues,
    ("ssm", "parameter"): _parameters,
}
