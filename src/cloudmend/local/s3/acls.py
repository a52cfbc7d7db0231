"""The ACLs of buckets: the grants that a call sets, those that count, and what they let groups do.

moto shows one permission of each grant alone. Here each grant has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from moto.s3.models import OWNER, FakeAcl, FakeGrant, FakeGrantee

from cloudmend.local.messages import ApiError
from cloudmend.local.s3.buckets import has_acl, is_on

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket

Grant = tuple[str, str]  # the grantee, a group's URI or an account's canonical id, and the permission

_GROUPS: Final = "http://acs.amazonaws.com/groups/"
ALL_USERS: Final = f"{_GROUPS}global/AllUsers"
AUTHENTICATED_USERS: Final = f"{_GROUPS}global/AuthenticatedUsers"
_LOG_DELIVERY: Final = f"{_GROUPS}s3/LogDelivery"
_PUBLIC: Final = frozenset({ALL_USERS, AUTHENTICATED_USERS})
_OWN: Final = (OWNER, "FULL_CONTROL")
_CANNED: Final[Mapping[str, tuple[Grant, ...]]] = {
    "private": (),
    "public-read": ((ALL_USERS, "READ"),),
    "public-read-write": ((ALL_USERS, "READ"), (ALL_USERS, "WRITE")),
    "authenticated-read": ((AUTHENTICATED_USERS, "READ"),),
    # Of objects, whose bucket's owner is the writer here.
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
    "aws-exec-read": (),
    "log-delivery-write": ((_LOG_DELIVERY, "WRITE"), (_LOG_DELIVERY, "READ_ACP")),
}
_HEADERS: Final = {
    "GrantFullControl": "FULL_CONTROL",
    "GrantRead": "READ",
    "GrantReadACP": "READ_ACP",
    "GrantWrite": "WRITE",
    "GrantWriteACP": "WRITE_ACP",
}
_GRANTEE: Final = re.compile(r'\s*(id|uri)="?([^"]+)"?\s*', re.IGNORECASE)
# What a permission on a bucket lets do, on the bucket itself and on its objects.
_ON_BUCKET: Final = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
_ON_OBJECTS: Final = {"WRITE": ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")}
_SCHEMA: Final = "http://www.w3.org/2001/XMLSchema-instance"


def grants_of(params: Mapping[str, Any]) -> tuple[Grant, ...] | None:
    """Return the grants that a call sets; None if it names none. Raises ApiError."""
    canned, body = params.get("ACL"), params.get("AccessControlPolicy")
    headers = [
        (_grantee(each), permission)
        for name, permission in _HEADERS.items()
        for each in str(params.get(name, "")).split(",")
        if each
    ]
    if canned and headers:
        raise ApiError("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed")
    if canned:
        if canned not in _CANNED:
            raise ApiError("InvalidArgument", f"{canned} is not the name of a canned ACL.")
        return (_OWN, *_CANNED[canned])
    if headers:
        return tuple(headers)
    return tuple(_of_body(body)) if body is not None else None


def _grantee(text: str) -> str:
    found = _GRANTEE.fullmatch(text)
    if found is None:
        raise ApiError("InvalidArgument", "Argument format not recognized")
    return _known(found[2])


def _of_body(body: Mapping[str, Any]) -> Iterator[Grant]:
    if not body.get("Owner"):
        raise _malformed()
    for each in body.get("Grants") or ():
        grantee, permission = each.get("Grantee") or {}, each.get("Permission")
        name = grantee.get("URI") or grantee.get("ID")
        if not name or permission not in _HEADERS.values():
            raise _malformed()
        yield _known(name), permission


def _known(name: str) -> str:
    if name.startswith("http") and name not in {*_PUBLIC, _LOG_DELIVERY}:
        raise ApiError("InvalidArgument", "Invalid group uri")
    return name


def _malformed() -> ApiError:
    what = "The XML you provided was not well-formed or did not validate against our published schema"
    return ApiError("MalformedACLError", what)


def are_public(grants: Sequence[Grant]) -> bool:
    """Return whether any of the grants is to everybody, or to everybody with an AWS account."""
    return any(name in _PUBLIC for name, _ in grants)


def names_others(grants: Sequence[Grant]) -> bool:
    """Return whether any of the grants is to another than the owner."""
    return any(name != OWNER for name, _ in grants)


def put(bucket: FakeBucket, grants: Sequence[Grant]) -> None:
    """Replace the ACL of a bucket."""
    bucket.acl = FakeAcl([FakeGrant([_moto_grantee(name)], [permission]) for name, permission in grants])


def _moto_grantee(name: str) -> FakeGrantee:
    return FakeGrantee(uri=name) if name.startswith("http") else FakeGrantee(grantee_id=name)


def stored(bucket: FakeBucket) -> list[Grant]:
    """Return the grants that a bucket holds, whether they count or not."""
    found = bucket.acl.grants if bucket.acl else ()
    return [(who.uri or who.id, what) for each in found for who in each.grantees for what in each.permissions]


def effective(bucket: FakeBucket) -> list[Grant]:
    """Return the grants that count, which are all that GetBucketAcl shows."""
    if not has_acl(bucket):
        return [_OWN]
    grants = stored(bucket)
    is_ignored = is_on(bucket, "ignore_public_acls")
    return [each for each in grants if not (is_ignored and are_public([each]))]


def as_statements(bucket: FakeBucket) -> Iterator[Mapping[str, Any]]:
    """Yield what the ACL grants to groups, as statements of a policy. moto tells no other accounts apart."""
    arn = f"arn:{bucket.partition}:s3:::{bucket.name}"
    for name, permission in effective(bucket):
        if name in _PUBLIC:
            signed = {"Condition": {"StringNotEquals": {"aws:PrincipalType": "Anonymous"}}}
            who = {"Effect": "Allow", "Principal": "*", **(signed if name == AUTHENTICATED_USERS else {})}
            for allowed, resource in ((_ON_BUCKET, arn), (_ON_OBJECTS, f"{arn}/*")):
                kinds = allowed if permission == "FULL_CONTROL" else [permission]
                actions = [action for kind in kinds for action in allowed.get(kind, ())]
                if actions:
                    yield {**who, "Action": actions, "Resource": resource}


def as_xml(grants: Sequence[Grant]) -> bytes:
    """Return the answer of GetBucketAcl."""
    rows = "".join(
        f'<Grant><Grantee xmlns:xsi="{_SCHEMA}" xsi:type="{kind}"><{tag}>{escape(name)}</{tag}></Grantee>'
        f"<Permission>{permission}</Permission></Grant>"
        for name, permission in grants
        for kind, tag in [("Group", "URI") if name.startswith("http") else ("CanonicalUser", "ID")]
    )
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    )
    owner = f"<Owner><ID>{OWNER}</ID></Owner>"
    return f"{head}{owner}<AccessControlList>{rows}</AccessControlList></AccessControlPolicy>".encode()
