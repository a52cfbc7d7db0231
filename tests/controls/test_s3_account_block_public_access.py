"""An account's block public access: what the policy file declares is fixed, and nothing else."""

from __future__ import annotations

import pytest

from cloudmend.controls.s3_account_block_public_access import CONTROL, Settings
from cloudmend.core.contract import Parts, State, View
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.target import resources
from support import ACCOUNT, NOW

FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
IT = Resource(type=CONTROL.resource.type, id=ACCOUNT, account=ACCOUNT, region="us-east-1")


def called(name: str, region: str = "eu-central-1") -> ApiCall:
    source, request = "s3.amazonaws.com", {"host": [f"{ACCOUNT}.s3-control.{region}.amazonaws.com"]}
    return ApiCall(event_id="e", source=source, name=name, time=None, account=ACCOUNT, region=region, request=request)


def found(parts: Parts, settings: Settings) -> list[tuple[str, bool]]:
    view = View(resource=IT, state=State(parts), cause=called(""), now=NOW)
    return [(each.part, each.is_due) for each in CONTROL.judge(view, settings)]


def test_without_a_declared_state_all_flags_are_only_reported() -> None:
    assert found({}, Settings()) == [(flag, False) for flag in FLAGS]
    assert found(dict.fromkeys(FLAGS, True), Settings()) == []


def test_a_declared_state_is_what_is_judged_and_fixed() -> None:
    declared = Settings(flags=("BlockPublicAcls", "RestrictPublicBuckets"))
    assert found({"RestrictPublicBuckets": True}, declared) == [("BlockPublicAcls", True)]


@pytest.mark.parametrize("name", ["PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock"])
def test_a_call_to_any_region_s_endpoint_leads_to_the_account_in_its_home_region(name: str) -> None:
    assert resources(CONTROL, called(name)) == (IT,)


def test_all_four_flags_are_sent_or_the_setting_is_deleted() -> None:
    assert CONTROL.put
    (call,) = CONTROL.put(IT, State({}), {"BlockPublicAcls": True})
    assert (call.service, call.operation, call.action) == (
        "s3control",
        "PutPublicAccessBlock",
        "s3:PutAccountPublicAccessBlock",
    )
    flags = {flag: flag == "BlockPublicAcls" for flag in FLAGS}
    assert call.params == {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": flags}
    (call,) = CONTROL.put(IT, State({"BlockPublicAcls": True}), {})
    assert (call.operation, call.params) == ("DeletePublicAccessBlock", {"AccountId": ACCOUNT})
