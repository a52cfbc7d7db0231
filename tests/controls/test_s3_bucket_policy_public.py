"""A bucket's policy: what S3 itself says of it, what hides it, and what S3 refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.families.buckets import Standing
from cloudmend.controls.s3_bucket_policy_public import CONTROL
from cloudmend.core.contract import State, View
from cloudmend.core.model import ApiCall, Resource
from cloudmend.testing.bench import Bench
from cloudmend.testing.clients import ACCOUNT, embedded
from kit.specimens import SPECIMENS
from support import NOW

BUCKET = Resource(type=CONTROL.resource.type, id="reports", account="111122223333", region="eu-west-1")
CAUSE = ApiCall(event_id="e", source="s3.amazonaws.com", name="", time=None, account="111122223333", region="eu-west-1")
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
NARROWED = {**OPEN, "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}
RESTRICTED = frozenset({"RestrictPublicBuckets"})


def found(statement: Any, standing: Standing) -> list[tuple[str, str]]:
    state = State({"Policy": json.dumps({"Statement": [statement]})}, context=standing)
    view = View(resource=BUCKET, state=state, cause=CAUSE, now=NOW)
    return [(each.why, each.restraint) for each in CONTROL.judge(view, CONTROL.settings())]


def test_what_strangers_can_do_is_about_the_bucket_and_its_objects() -> None:
    everything = {**OPEN, "Action": "s3:ListBucket", "Resource": "*"}
    ((why, restraint),) = found(everything, Standing(is_public=True))
    assert why.endswith("anybody, without credentials, may call s3:ListBucket on arn:aws:s3:::reports")
    assert restraint == ""


def test_a_restricted_bucket_is_at_fault_and_said_to_be_hidden() -> None:
    ((why, restraint),) = found(OPEN, Standing(is_public=True, flags=RESTRICTED))
    assert why.endswith(". It is hidden by block public access: RestrictPublicBuckets is on")
    assert restraint == ""


@pytest.mark.parametrize(
    "standing",
    [Standing(is_public=True, flags=frozenset({"BlockPublicPolicy"})), Standing(is_public=False, flags=RESTRICTED)],
)
def test_nothing_is_hidden_that_s3_does_not_restrict(standing: Standing) -> None:
    ((why, _),) = found(OPEN, standing)
    assert "hidden" not in why


def test_a_narrowed_policy_that_s3_still_calls_public_is_not_clean() -> None:
    ((why, restraint),) = found(NARROWED, Standing(is_public=True))
    assert why == "S3 still calls the policy public, though it is narrowed to principals of its owner"
    assert restraint.startswith("S3's own rule decides that.")
    assert found(NARROWED, Standing(is_public=False)) == []
    other = {**OPEN, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}
    assert found(other, Standing(is_public=True)) == []


@pytest.fixture
def bench() -> Iterator[Bench]:
    with embedded() as aws:
        yield Bench(aws, next(each for each in SPECIMENS if each.control is CONTROL))


def block(bench: Bench, *flags: str) -> None:
    on = dict.fromkeys(flags, True)
    bench.client("s3control").put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=on)


def test_what_the_account_hides_is_mended_too(bench: Bench) -> None:
    block(bench, "RestrictPublicBuckets", "BlockPublicPolicy")
    record = bench.mend()
    assert record.status == "mended"
    assert "It is hidden by block public access" in record.edits[0].why
    assert bench.client("s3").get_bucket_policy_status(Bucket=bench.id)["PolicyStatus"] == {"IsPublic": False}


def test_a_mend_that_s3_does_not_believe_stays_open(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudmend.local.s3.public._KEYS", frozenset({"aws:principalorgid"}))
    record = bench.mend()
    assert record.status == "open"
    assert "S3 still calls the policy public" in record.summary


def test_a_write_that_s3_refuses_as_public_is_told_and_not_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudmend.local.s3.public._KEYS", frozenset({"aws:principalorgid"}))
    block(bench, "BlockPublicPolicy")
    before = bench.state()
    record = bench.mend()
    assert record.status == "open"
    assert "prevented by the BlockPublicPolicy setting" in " ".join(record.errors)
    assert [each for each in bench.steps.names if each == "write"] == ["write"]
    assert bench.state() == before


def test_a_record_has_the_policy_as_an_object() -> None:
    assert CONTROL.follow
    call = replace(
        CAUSE, name="PutBucketPolicy", request={"bucketName": "reports", "bucketPolicy": {"Statement": OPEN}}
    )
    followed = CONTROL.follow.step(None, BUCKET, call, NOW).state
    assert followed == State({"Policy": json.dumps({"Statement": OPEN})})
    gone = replace(CAUSE, name="DeleteBucketPolicy", request={"bucketName": "reports"})
    assert CONTROL.follow.step(followed, BUCKET, gone, NOW).state is None


def test_a_bucket_without_a_policy_is_read_with_one_call(bench: Bench) -> None:
    bench.client("s3").delete_bucket_policy(Bucket=bench.id)
    bench.api.calls.clear()
    assert CONTROL.read(bench.resource, bench.api, bench.settings) == State({})
    assert [each.operation for each in bench.api.calls] == ["GetBucketPolicy"]
