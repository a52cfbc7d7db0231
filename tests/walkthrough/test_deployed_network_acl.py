"""A network ACL, deployed with the right to mend it, which no stack has by default."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from walkthrough.deployed import Deployed, an_account
from walkthrough.network_acl import ACL, entries, make_acl
from walkthrough.template import RESPONDER, SWEEPER, UNDOER
from walkthrough.test_deployed_controls import cli, deploy_with, mails, policy_says, records, taken_back

pytestmark = pytest.mark.deep
WRITES = {f"ec2:{verb}NetworkAclEntry" for verb in ("Create", "Delete", "Replace")}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with an_account(tmp_path_factory.mktemp("sam")) as account:
        deploy_with(account, NetworkAclOpenRights="fix")
        yield account


def test_it_is_mended_told_and_taken_back_exactly_once_the_policy_says_fix(deployed: Deployed) -> None:
    policy_says(deployed, f'\n[control.{ACL.control}]\nmode = "fix"\n')
    acl = make_acl(deployed, "")
    deployed.settle()
    cli(deployed, *ACL.open(acl))
    deployed.settle()
    told = [(each["status"], each["summary"]) for each in records(deployed, acl, ACL.control)]
    assert ("mended", f"network ACL {acl}: {ACL.said}") in told
    assert entries(deployed, acl) == ACL.mended
    (mail,) = mails(deployed, acl)
    assert "narrowed entry 100" in mail
    mended = next(each for each in records(deployed, acl, ACL.control) if each["status"] == "mended")
    taken_back(deployed, ACL, f"network ACL {acl}", mended)


def test_the_sweep_mends_what_no_event_reported(deployed: Deployed) -> None:
    """And no role used, or was refused, another write."""
    with deployed.without_events():
        acl = make_acl(deployed, "")
        cli(deployed, *ACL.open(acl))
        deployed.invoke("SweepFunction")
    assert entries(deployed, acl) == ACL.mended
    for role in (RESPONDER, SWEEPER, UNDOER):
        assert {each for each in deployed.used(role) if "NetworkAcl" in each} == WRITES | {"ec2:DescribeNetworkAcls"}
