"""A bucket whose ACL grants something to everybody, or to everybody who has an AWS account.

The mend takes these grants alone. The owner, other accounts, and the log delivery group keep theirs. S3 replaces an ACL
as a whole, so cloudmend sends all grants that stay, in the headers of one call. Its right to write an ACL is narrowed
to such calls, and to headers that name neither group: with the right to mend alone nobody can make a bucket public.

S3 answers with the ACL that is in effect. If block public access ignores public ACLs, or the bucket's owner owns all
its objects (`BucketOwnerEnforced`), the answer has no public grant, and the bucket is not at fault. A public grant that
was hidden in this way counts again when that setting goes, and cloudmend looks at the bucket then.

The ACLs of single objects are not looked at: S3 has no list of them, and CloudTrail reports their changes as data
events. Block public access closes those.

S3 refuses an undo while block public access refuses public ACLs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from cloudmend.controls.families.buckets import ERRORS, GONE, LISTS, every_bucket, on_bucket
from cloudmend.controls.resource_types import BUCKET
from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    NoSettings,
    Parts,
    State,
    View,
    rights,
)
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Hints, Resource, Words
from cloudmend.core.ports import Call, Reader

_GROUPS: Final = "http://acs.amazonaws.com/groups/"
_ALL: Final = f"{_GROUPS}global/AllUsers"
_SIGNED: Final = f"{_GROUPS}global/AuthenticatedUsers"
_PUBLIC: Final = {_ALL: "everybody", _SIGNED: "everybody with an AWS account"}
_HEADERS: Final = {
    "FULL_CONTROL": "GrantFullControl",
    "READ": "GrantRead",
    "READ_ACP": "GrantReadACP",
    "WRITE": "GrantWrite",
    "WRITE_ACP": "GrantWriteACP",
}
_KEYS: Final = tuple(each.lower().replace("_", "-") for each in _HEADERS)
_WRITE: Final = "s3:PutBucketAcl"
_MOST: Final = 7_000  # characters of headers; S3 takes 8 KB with those that sign the call
_MAY: Final = {
    "FULL_CONTROL": "list, add, and delete objects, and change the ACL",
    "READ": "list its objects",
    "READ_ACP": "read its ACL",
    "WRITE": "add and delete objects",
    "WRITE_ACP": "change its ACL",
}
_TRY: Final = {
    "FULL_CONTROL": "aws s3 ls s3://{name}",
    "READ": "aws s3 ls s3://{name}",
    "READ_ACP": "aws s3api get-bucket-acl --bucket {name}",
    "WRITE": "aws s3 cp FILE s3://{name}",
}
_CANNED: Final = {
    "public-read": ((_ALL, "READ"),),
    "public-read-write": ((_ALL, "READ"), (_ALL, "WRITE")),
    "authenticated-read": ((_SIGNED, "READ"),),
}


def read(bucket: Resource, reader: Reader, _: NoSettings) -> State | None:
    """Return the grants that are in effect; None if there is no such bucket. Raises AwsError."""
    answer = reader.get(Call("s3", "GetBucketAcl", {"Bucket": bucket.id}), GONE)
    return None if answer is None else State(_parts(answer["Grants"]), context=answer["Owner"]["ID"])


def _parts(grants: Iterable[Any]) -> Parts:
    """Return a part for each grant, which is only there or not: its value is the id or URI of the grantee."""
    found = ((mapping(each.get("Grantee")), each["Permission"]) for each in map(mapping, grants))
    return dict(_part(text(who.get("URI")) or text(who.get("ID")), what) for who, what in found)


def _part(grantee: str, permission: str) -> tuple[str, str]:
    name = grantee.rpartition("/")[2] if grantee.startswith(_GROUPS) else grantee
    return f"{permission} for {name}", grantee


def _judge(view: View, _: NoSettings) -> Iterator[Finding]:
    return public_grants(view.resource.id, view.parts)


def public_grants(bucket: str, parts: Parts) -> Iterator[Finding]:
    """Yield the grants to everybody, and to everybody with an AWS account."""
    restraint = _restraint(parts)
    for part, grantee in parts.items():
        if who := _PUBLIC.get(grantee):
            permission = part.partition(" ")[0]
            unsigned = " --no-sign-request" if grantee == _ALL else ""
            shown = _TRY.get(permission, "").format(name=bucket)
            yield Finding(
                part=part,
                why=f"{who} may {_MAY[permission]}",
                mended=None,
                restraint=restraint,
                witness=f"{shown}{unsigned}" if shown else "",
            )


def _restraint(parts: Parts) -> str:
    """Return why the ACL cannot be written with the rights that cloudmend has; empty if it can."""
    left = {part: grantee for part, grantee in parts.items() if grantee not in _PUBLIC}
    if not any(part.startswith("FULL_CONTROL ") for part in left):
        return "nobody would have full control of it then. Write its ACL by hand"
    if sum(map(len, left.values())) > _MOST:
        return "its other grants are too many for the headers of one call. Write its ACL by hand"
    return ""


def _put(bucket: Resource, _: State, then: Parts) -> Iterator[Call]:
    """Yield the call that replaces the ACL, in headers: a condition of IAM sees those, and no body."""
    headers: dict[str, list[str]] = {}
    for part, grantee in then.items():
        kind = "uri" if grantee.startswith(_GROUPS) else "id"
        headers.setdefault(_HEADERS[part.partition(" ")[0]], []).append(f'{kind}="{grantee}"')
    yield Call("s3", "PutBucketAcl", {"Bucket": bucket.id, **{name: ",".join(each) for name, each in headers.items()}})


def _step(_: State | None, __: Resource, call: ApiCall, ___: datetime) -> Followed:
    """Return the ACL that a call leaves. Of a bucket without a public grant nothing need be known."""
    if call.name == "DeleteBucket":
        return Followed(None)
    found = dict(_told(call))
    return Followed(State(found) if set(found.values()) & _PUBLIC.keys() else None)


def _told(call: ApiCall) -> Iterator[tuple[str, str]]:
    """Yield the parts that a record names. Headers are texts or lists of them, and one grant stands without a list."""
    for canned in _header(call, "x-amz-acl"):
        yield from (_part(grantee, permission) for grantee, permission in _CANNED.get(canned, ()))
    for permission, name in zip(_HEADERS, _KEYS, strict=True):
        told = " ".join(_header(call, f"x-amz-grant-{name}"))
        yield from (_part(group, permission) for group in _PUBLIC if group in told)
    given = mapping(mapping(call.request.get("AccessControlPolicy")).get("AccessControlList"))
    yield from _parts(items(given.get("Grant"))).items()


def _header(call: ApiCall, name: str) -> list[str]:
    value = call.request.get(name)
    return [text(each) for each in items(value) or [value]]


CONTROL: Final = Control[NoSettings](
    id="s3_bucket_acl_public",
    title="A bucket's ACL lets everybody in",
    severity="critical",
    references=("Security Hub S3.2", "Security Hub S3.3"),
    advice="In Terraform, remove the public grants from aws_s3_bucket_acl, or set its acl to private.",
    words=Words(
        fault="open to everybody by its ACL",
        close="remove the public grants from its ACL. All others stay",
        prevent="Keep its ACL private, or switch ACLs off: BucketOwnerEnforced.",
    ),
    hints=Hints(again="grant it again", change="remove the public grants"),
    resource=BUCKET,
    triggers=on_bucket(
        "CreateBucket",
        "DeleteBucketOwnershipControls",
        "DeleteBucketPublicAccessBlock",
        "PutBucketAcl",
        "PutBucketOwnershipControls",
        "PutBucketPublicAccessBlock",
    ),
    reads=(*rights("s3:GetBucketAcl"), *LISTS),
    writes=rights(
        _WRITE,
        standing={
            "Null": {"s3:x-amz-grant-full-control": "false"},
            "StringNotLike": {f"s3:x-amz-grant-{name}": f"*{_GROUPS}global/*" for name in _KEYS},
        },
    ),
    undoes=rights(_WRITE),
    read=read,
    judge=_judge,
    put=_put,
    every=every_bucket,
    follow=Following(
        calls=on_bucket("CreateBucket", "DeleteBucket", "PutBucketAcl"),
        step=_step,
        untold="their records do not say which ACL the bucket has",
    ),
    say=lambda _: "granted",
    did=lambda step: f"removed the grant of {step.part}",
    errors={**ERRORS, "AccessControlListNotSupported": "settled"},
    whole=True,
)
