"""S3's calls about who may use a bucket, which moto takes unchecked. The rest of S3 is moto's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from cloudmend.local.messages import ApiError, ApiResponse
from cloudmend.local.s3 import acls
from cloudmend.local.s3.buckets import OWNER_ENFORCED, bucket_named, has_acl, is_on
from cloudmend.local.s3.policies import checked
from cloudmend.local.s3.public import is_public

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket

    from cloudmend.local.front import Exchange

    Params = Mapping[str, Any]

_POLICY_CALLS: Final = frozenset({"DeleteBucketPolicy", "GetBucketPolicy", "GetBucketPolicyStatus", "PutBucketPolicy"})
_PUBLIC_ACLS: Final = "access control lists (ACLs)"
_OWNERS: Final = "bucket-owner-full-control"
_XML: Final = (("Content-Type", "application/xml"),)


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call of S3 or of S3 Control. Raises ApiError."""
    call, operation = exchange.call, exchange.request.operation
    if call is None or call.service != "s3":
        return exchange.forward()
    if operation == "CreateBucket":
        return _create(exchange, call.params)
    bucket = bucket_named(str(call.params.get("Bucket", "")))
    if bucket is None:
        return exchange.forward()
    expected = call.params.get("ExpectedBucketOwner", bucket.account_id)
    if expected != bucket.account_id:
        raise ApiError("AccessDenied", "Access Denied", 403)
    if operation in _POLICY_CALLS and exchange.principal.account != bucket.account_id:
        raise ApiError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    served = _ANSWERS.get(operation)
    return served(exchange, bucket, call.params) if served else exchange.forward()


def _create(exchange: Exchange, params: Params) -> ApiResponse:
    """Make a bucket. What its ACL may grant depends on its ownership, and on what is blocked from the beginning."""
    grants = acls.grants_of(params)
    if grants and acls.names_others(grants):
        if params.get("ObjectOwnership", OWNER_ENFORCED) == OWNER_ENFORCED:
            raise _acl_forbidden()
        if acls.are_public(grants):
            message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
            raise ApiError("InvalidBucketAclWithBlockPublicAccessError", message)
    done = exchange.forward()
    bucket = bucket_named(str(params["Bucket"]))
    if bucket and grants and done.error_code is None:
        acls.put(bucket, grants)
    return done


def _put_policy(exchange: Exchange, bucket: FakeBucket, params: Params) -> ApiResponse:
    policy = checked(str(params.get("Policy", "")), bucket.name)
    if is_public(policy, bucket.name) and is_on(bucket, "block_public_policy"):
        raise _blocked(exchange, bucket, "policies", "BlockPublicPolicy")
    exchange.forward()
    return ApiResponse(204, (), b"")


def _policy_status(exchange: Exchange, bucket: FakeBucket, _: Params) -> ApiResponse:
    if not bucket.policy:
        return exchange.forward()
    said = str(is_public(json.loads(bucket.policy), bucket.name)).lower()
    return ApiResponse(200, _XML, f"<PolicyStatus><IsPublic>{said}</IsPublic></PolicyStatus>".encode())


def _put_acl(exchange: Exchange, bucket: FakeBucket, params: Params) -> ApiResponse:
    if not has_acl(bucket):
        raise _no_acls()
    grants = acls.grants_of(params)
    if grants is None:
        raise ApiError("MissingSecurityHeader", "Your request was missing a required header")
    if acls.are_public(grants) and is_on(bucket, "block_public_acls"):
        raise _blocked(exchange, bucket, _PUBLIC_ACLS, "BlockPublicAcls")
    acls.put(bucket, grants)
    return ApiResponse(200, (), b"")


def _put_object(exchange: Exchange, bucket: FakeBucket, params: Params) -> ApiResponse:
    """Write an object, or its ACL. Without ACLs, a call may only say what holds anyhow."""
    is_acl = exchange.request.operation == "PutObjectAcl"
    if params.get("ACL") == _OWNERS and not is_acl:
        return exchange.forward()
    grants = acls.grants_of(params)
    if not has_acl(bucket) and (is_acl or grants):
        raise _no_acls()
    if acls.are_public(grants or ()) and is_on(bucket, "block_public_acls"):
        raise _blocked(exchange, bucket, _PUBLIC_ACLS, "BlockPublicAcls")
    return exchange.forward()


def _get_acl(_: Exchange, bucket: FakeBucket, __: Params) -> ApiResponse:
    return ApiResponse(200, _XML, acls.as_xml(acls.effective(bucket)))


def _put_ownership(exchange: Exchange, bucket: FakeBucket, params: Params) -> ApiResponse:
    rules = params.get("OwnershipControls", {}).get("Rules", ())
    is_enforced = any(each.get("ObjectOwnership") == OWNER_ENFORCED for each in rules)
    if is_enforced and acls.names_others(acls.stored(bucket)):
        raise _acl_forbidden()
    return exchange.forward()


def _no_acls() -> ApiError:
    return ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def _acl_forbidden() -> ApiError:
    message = f"Bucket cannot have ACLs set with ObjectOwnership's {OWNER_ENFORCED} setting"
    return ApiError("InvalidBucketAclWithObjectOwnership", message)


def _blocked(exchange: Exchange, bucket: FakeBucket, what: str, flag: str) -> ApiError:
    told = f"User: {exchange.principal.arn} is not authorized to perform: s3:{exchange.request.operation}"
    where = f'on resource: "arn:{bucket.partition}:s3:::{bucket.name}"'
    why = f"because public {what} are prevented by the {flag} setting in S3 Block Public Access."
    return ApiError("AccessDenied", f"{told} {where} {why}", 403)


_ANSWERS: Final[Mapping[str, Callable[[Exchange, FakeBucket, Params], ApiResponse]]] = {
    "CopyObject": _put_object,
    "CreateMultipartUpload": _put_object,
    "GetBucketAcl": _get_acl,
    "GetBucketPolicyStatus": _policy_status,
    "PutBucketAcl": _put_acl,
    "PutBucketOwnershipControls": _put_ownership,
    "PutBucketPolicy": _put_policy,
    "PutObject": _put_object,
    "PutObjectAcl": _put_object,
}
