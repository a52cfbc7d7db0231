"""A bucket's ACL: which grants are at fault, which call takes them away, and what records of S3 say of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.controls.s3_bucket_acl_public import CONTROL
from cloudmend.core.contract import NoSettings, Parts, State, View
from cloudmend.core.errors import UndoIncomplete
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call
from cloudmend.testing.bench import Bench
from cloudmend.testing.clients import client, embedded
from cloudmend.testing.undo import undone
from kit.specimens import SPECIMENS
from local.embedded.helpers import document, user
from support import NOW

GROUPS = "http://acs.amazonaws.com/groups/"
ALL, SIGNED, LOGS = f"{GROUPS}global/AllUsers", f"{GROUPS}global/AuthenticatedUsers", f"{GROUPS}s3/LogDelivery"
BUCKET = Resource(type=CONTROL.resource.type, id="reports", account="111122223333", region="eu-west-1")
OWN = {"FULL_CONTROL for owner": "owner"}


def called(name: str = "PutBucketAcl", **request: Any) -> ApiCall:
    return ApiCall(
        event_id="e",
        source="s3.amazonaws.com",
        name=name,
        time=None,
        account="111122223333",
        region="eu-west-1",
        request={"bucketName": "reports", **request},
    )


def found(parts: Parts) -> list[tuple[str, str, str, str]]:
    view = View(resource=BUCKET, state=State(parts, context="owner"), cause=called(), now=NOW)
    return [(each.part, each.why, each.restraint, each.witness) for each in CONTROL.judge(view, NoSettings())]


def test_only_grants_to_the_two_groups_of_everybody_are_at_fault() -> None:
    parts = {
        **OWN,
        "READ for AllUsers": ALL,
        "WRITE for AuthenticatedUsers": SIGNED,
        "WRITE for LogDelivery": LOGS,
        "READ for partner": "partner",
    }
    assert found(parts) == [
        ("READ for AllUsers", "everybody may list its objects", "", "aws s3 ls s3://reports --no-sign-request"),
        (
            "WRITE for AuthenticatedUsers",
            "everybody with an AWS account may add and delete objects",
            "",
            "aws s3 cp FILE s3://reports",
        ),
    ]
    assert found({**OWN, "WRITE for LogDelivery": LOGS}) == []


def test_the_right_to_change_the_acl_has_no_command_that_shows_it() -> None:
    assert found({**OWN, "WRITE_ACP for AllUsers": ALL}) == [
        ("WRITE_ACP for AllUsers", "everybody may change its ACL", "", "")
    ]


@pytest.mark.parametrize(
    ("left", "why"),
    [
        ({}, "nobody would have full control of it then"),
        ({"READ for partner": "partner"}, "nobody would have full control of it then"),
        ({**OWN, **{f"READ for {n:064}": f"{n:064}" for n in range(110)}}, "too many for the headers of one call"),
    ],
)
def test_an_acl_that_the_narrow_right_cannot_write_is_only_reported(left: Parts, why: str) -> None:
    ((_, _, restraint, _),) = found({**left, "READ for AllUsers": ALL})
    assert why in restraint


def test_all_grants_that_stay_are_in_the_headers_of_one_call() -> None:
    then = {**OWN, "READ for partner": "partner", "READ for other": "other", "WRITE for LogDelivery": LOGS}
    assert CONTROL.put
    assert list(CONTROL.put(BUCKET, State({**then, "READ for AllUsers": ALL}), then)) == [
        Call(
            "s3",
            "PutBucketAcl",
            {
                "Bucket": "reports",
                "GrantFullControl": 'id="owner"',
                "GrantRead": 'id="partner",id="other"',
                "GrantWrite": f'uri="{LOGS}"',
            },
        )
    ]


def policy_of(grants: Any) -> dict[str, Any]:
    return {"AccessControlPolicy": {"AccessControlList": {"Grant": grants}, "Owner": {"ID": "owner"}}}


TO_ALL = {"Grantee": {"xsi:type": "Group", "URI": ALL}, "Permission": "READ"}
TO_OWNER = {"Grantee": {"xsi:type": "CanonicalUser", "ID": "owner"}, "Permission": "FULL_CONTROL"}


@pytest.mark.parametrize(
    ("request_", "parts"),
    [
        ({"x-amz-acl": "public-read"}, {"READ for AllUsers": ALL}),
        ({"x-amz-acl": ["public-read-write"]}, {"READ for AllUsers": ALL, "WRITE for AllUsers": ALL}),
        ({"x-amz-acl": "authenticated-read"}, {"READ for AuthenticatedUsers": SIGNED}),
        ({"x-amz-grant-read-acp": f'uri="{ALL}"'}, {"READ_ACP for AllUsers": ALL}),
        ({"x-amz-grant-read": ['id="a"', f'uri="{SIGNED}"']}, {"READ for AuthenticatedUsers": SIGNED}),
        (policy_of(TO_ALL), {"READ for AllUsers": ALL}),
        (policy_of([TO_OWNER, TO_ALL]), {**OWN, "READ for AllUsers": ALL}),
    ],
)
def test_a_record_tells_the_acl_in_any_of_its_shapes(request_: dict[str, Any], parts: Parts) -> None:
    assert CONTROL.follow
    followed = CONTROL.follow.step(None, BUCKET, called(**request_), NOW)
    assert followed.state == State(parts)


@pytest.mark.parametrize(
    "call",
    [
        called(**{"x-amz-acl": "private"}),
        called(**policy_of(TO_OWNER)),
        called(),
        called(**{"x-amz-grant-read": 'id="a"'}),
        called("CreateBucket"),
        called("DeleteBucket", **{"x-amz-acl": "public-read"}),
    ],
)
def test_of_a_bucket_without_a_public_grant_nothing_is_known(call: ApiCall) -> None:
    assert CONTROL.follow
    assert CONTROL.follow.step(State({"READ for AllUsers": ALL}), BUCKET, call, NOW).state is None


@pytest.fixture
def bench() -> Iterator[Bench]:
    with embedded() as aws:
        yield Bench(aws, next(each for each in SPECIMENS if each.control is CONTROL))


def block(bench: Bench, flag: str) -> None:
    bench.client("s3").put_public_access_block(Bucket=bench.id, PublicAccessBlockConfiguration={flag: True})


def test_what_s3_ignores_is_not_at_fault_until_the_flag_goes(bench: Bench) -> None:
    block(bench, "IgnorePublicAcls")
    assert bench.mend().status == "clean"
    bench.client("s3").delete_public_access_block(Bucket=bench.id)
    assert bench.mend().status == "mended"


def test_an_undo_says_why_s3_refuses_it_while_public_acls_are_blocked(bench: Bench) -> None:
    record = bench.mend()
    block(bench, "BlockPublicAcls")
    with pytest.raises(UndoIncomplete, match="prevented by the BlockPublicAcls setting"):
        undone(bench, record.entry_id)
    bench.client("s3").delete_public_access_block(Bucket=bench.id)
    undone(bench, record.entry_id)
    assert "READ for AllUsers" in bench.state().parts


def test_with_the_right_to_mend_alone_nobody_makes_a_bucket_public(bench: Bench) -> None:
    (right,) = CONTROL.writes
    allowed = {"Effect": "Allow", "Action": right.action, "Resource": "*", "Condition": right.block}
    keys = user(bench.aws, "mender")
    bench.client("iam").put_user_policy(UserName="mender", PolicyName="own", PolicyDocument=document(allowed))
    put = client(bench.aws, "s3", **keys).put_bucket_acl
    owner = 'id="the-owner"'
    put(Bucket=bench.id, GrantFullControl=owner, GrantRead='id="a-partner"')
    public = {"Grantee": {"Type": "Group", "URI": ALL}, "Permission": "READ"}
    for refused in (
        {"ACL": "public-read"},
        {"GrantFullControl": owner, "GrantWrite": f'uri="{ALL}"'},
        {"GrantFullControl": f'{owner},uri="{SIGNED}"'},
        {"AccessControlPolicy": {"Owner": {"ID": "the-owner"}, "Grants": [public]}},
    ):
        with pytest.raises(ClientError, match="because no identity-based policy allows"):
            put(Bucket=bench.id, **refused)
