"""The condition keys whose values an API call has itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import jmespath

from cloudmend.local.iam.resources_described import ApiCall

Keys = Mapping[str, Any]
# A search in parameters, and the key that gets what is found.
_Found = tuple[str, str]
_TAG_NAMES: Final = jmespath.compile("TagKeys || tagKeys")
_OF_TAGS: Final = frozenset({"TagKeys", "tagKeys", "Tags", "tags", "TagList", "TagSpecifications"})
_TAGS: Final = jmespath.compile("Tags || tags || TagList || TagSpecifications[].Tags[]")
_SNAPSHOT: Final = (
    ("ec2:Add/group", "CreateVolumePermission.Add[].Group || OperationType=='add' && GroupNames"),
    ("ec2:Add/userId", "CreateVolumePermission.Add[].UserId || OperationType=='add' && UserIds"),
    ("ec2:Remove/group", "CreateVolumePermission.Remove[].Group || OperationType=='remove' && GroupNames"),
    ("ec2:Remove/userId", "CreateVolumePermission.Remove[].UserId || OperationType=='remove' && UserIds"),
)

_OF_SEVERAL: Final = ("sts:TransitiveTagKeys",)


def global_keys(call: ApiCall) -> dict[str, Any]:
    """Return the condition keys of every request, but for those of its caller and its resource."""
    return {
        "aws:RequestedRegion": call.region,
        "aws:SourceIp": call.source_ip,
        "aws:UserAgent": call.user_agent,
        "aws:CurrentTime": f"{call.time:%Y-%m-%dT%H:%M:%SZ}",
        "aws:EpochTime": str(int(call.time.timestamp())),
        "aws:SecureTransport": "true",  # the SDKs' own way to AWS; here a request does not leave the machine
        "aws:ViaAWSService": "false",
    }


def tag_keys(params: Keys | None) -> dict[str, Any]:
    """Return the condition keys of the tags that a call sets or removes. The tags are pairs, a mapping, or names."""
    if not params or _OF_TAGS.isdisjoint(params):
        return {}
    found = _TAGS.search(params) or {}
    if not isinstance(found, dict):
        found = {_member(each, "Key", "key", "TagKey"): _member(each, "Value", "value", "TagValue") for each in found}
    keys: dict[str, Any] = {f"aws:RequestTag/{name}": value for name, value in found.items()}
    names = [*found, *(_TAG_NAMES.search(params) or ())]
    return {**keys, "aws:TagKeys": names} if names else {}


def _member(tag: Mapping[str, str], *names: str) -> str:
    return next((tag[name] for name in names if name in tag), "")


def _one(*pairs: _Found) -> Callable[[ApiCall], Iterable[Keys]]:
    """Return the reader of keys that a call as a whole has. A key of AWS's type String has no list of one value."""
    compiled = [(key, jmespath.compile(path)) for key, path in pairs]

    def read(call: ApiCall) -> Iterable[Keys]:
        found = {key: path.search(call.params) for key, path in compiled}
        texts = {key: value[0] if _is_single(key, value) else value for key, value in found.items()}
        return ({key: value for key, value in texts.items() if value not in (None, "", [], False)},)

    return read


def _is_single(key: str, value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and key not in _OF_SEVERAL


_snapshot_keys: Final = _one(*_SNAPSHOT)


def _ec2(call: ApiCall) -> Iterator[Keys]:
    keys: dict[str, Any] = {"ec2:Region": call.region}
    if call.operation == "ModifySnapshotAttribute":
        keys.update(*_snapshot_keys(call))
    params = call.params or {}
    if "Attribute" in params:
        keys["ec2:Attribute"] = params["Attribute"]
    if group := params.get("GroupId", ""):
        keys["ec2:SecurityGroupID"] = group
    yield keys


_EKS: Final = {
    "eks:authenticationMode": "accessConfig.authenticationMode",
    "eks:blockStorageEnabled": "storageConfig.blockStorage.enabled",
    "eks:computeConfigEnabled": "computeConfig.enabled",
    "eks:elasticLoadBalancingEnabled": "kubernetesNetworkConfig.elasticLoadBalancing.enabled",
    "eks:supportType": "upgradePolicy.supportType",
}


_RDS: Final = {"rds:ManageMasterUserPassword": "ManageMasterUserPassword"}


def _set_by(paths: Mapping[str, str]) -> Callable[[ApiCall], Iterable[Keys]]:
    """Return the reader of keys of what a call creates or changes. One that a call sets to false is there too."""

    def read(call: ApiCall) -> Iterable[Keys]:
        found = {key: jmespath.search(path, call.params or {}) for key, path in paths.items()}
        texts = {key: str(value).lower() if isinstance(value, bool) else value for key, value in found.items()}
        return ({key: value for key, value in texts.items() if value is not None},)

    return read


def _findings(call: ApiCall) -> Iterator[Keys]:
    """Yield the keys of each account that a call imports findings of. Every other call has none."""
    accounts = dict.fromkeys(each["AwsAccountId"] for each in (call.params or {}).get("Findings", ()))
    yield from [{"securityhub:TargetAccount": each} for each in accounts] or [{}]


def _lambda(call: ApiCall) -> Iterator[Keys]:
    """Yield the keys of Lambda. A function is named by its ARN in the key, whatever the call names it by."""
    params = call.params or {}
    keys = {
        "lambda:Principal": params.get("Principal"),
        "lambda:FunctionUrlAuthType": params.get("FunctionUrlAuthType"),
    }
    if call.operation.endswith("EventSourceMapping") and "FunctionName" in params:
        keys["lambda:FunctionArn"] = call.arn("function", params["FunctionName"])
    yield {key: value for key, value in keys.items() if value}


def _s3(call: ApiCall) -> Iterator[Keys]:
    for keys in _s3_keys(call):
        yield {key: str(value) for key, value in keys.items()}


_s3_keys: Final = _one(
    ("s3:prefix", "Prefix"),
    ("s3:delimiter", "Delimiter"),
    ("s3:max-keys", "MaxKeys"),
    ("s3:VersionId", "VersionId"),
    ("s3:x-amz-acl", "ACL"),
    ("s3:x-amz-grant-full-control", "GrantFullControl"),
    ("s3:x-amz-grant-read", "GrantRead"),
    ("s3:x-amz-grant-read-acp", "GrantReadACP"),
    ("s3:x-amz-grant-write", "GrantWrite"),
    ("s3:x-amz-grant-write-acp", "GrantWriteACP"),
    ("s3:x-amz-server-side-encryption", "ServerSideEncryption"),
    ("s3:LocationConstraint", "CreateBucketConfiguration.LocationConstraint"),
)


_BYPASS: Final = "kms:BypassPolicyLockoutSafetyCheck"


def _has_bypass(call: ApiCall) -> bool:
    return call.operation in {"CreateKey", "PutKeyPolicy", "ReplicateKey"}


def _kms(call: ApiCall) -> Iterator[Keys]:
    params = call.params or {}
    context = params.get("EncryptionContext", {})
    keys: dict[str, Any] = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    yield {
        "kms:CallerAccount": call.account,
        **keys,
        **({_BYPASS: str(params.get("BypassPolicyLockoutSafetyCheck", False)).lower()} if _has_bypass(call) else {}),
        **({"kms:EncryptionContextKeys": list(context)} if context else {}),
    }


# By the prefix of the actions: the keys of each of the requests that a call is.
CONTEXT: Final[Mapping[str, Callable[[ApiCall], Iterable[Keys]]]] = {
    "cloudformation": _one(
        ("cloudformation:ChangeSetName", "ChangeSetName"),
        ("cloudformation:RoleArn", "RoleARN"),
        ("cloudformation:TemplateUrl", "TemplateURL"),
    ),
    "cloudwatch": _one(("cloudwatch:namespace", "Namespace")),
    "ec2": _ec2,
    "eks": _set_by(_EKS),
    "kms": _kms,
    "lambda": _lambda,
    "rds": _set_by(_RDS),
    "s3": _s3,
    "securityhub": _findings,
    "sns": _one(("sns:Protocol", "Protocol"), ("sns:Endpoint", "Endpoint")),
    "sts": _one(
        ("sts:ExternalId", "ExternalId"),
        ("sts:RoleSessionName", "RoleSessionName"),
        ("sts:SourceIdentity", "SourceIdentity"),
        ("sts:TransitiveTagKeys", "TransitiveTagKeys"),
    ),
}
