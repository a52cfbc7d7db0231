"""What no stack has the right to mend by default, deployed with it: a network ACL, and the tag of an instance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from walkthrough.conftest import run
from walkthrough.deployed import Deployed, an_account
from walkthrough.network_acl import ACL, entries, make_acl
from walkthrough.settings import TAGGED
from walkthrough.template import RESPONDER, SWEEPER, UNDOER
from walkthrough.test_deployed_controls import cli, deploy_with, mails, policy_says, records, taken_back

pytestmark = pytest.mark.deep
TAGS = f'[control.{TAGGED.control}]\nmode = "fix"\nlast_change = "LastChangedBy"\n'
WRITES = {f"ec2:{verb}NetworkAclEntry" for verb in ("Create", "Delete", "Replace")}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with an_account(tmp_path_factory.mktemp("sam")) as account:
        deploy_with(account, NetworkAclOpenRights="fix", InstanceOwnerTagRights="fix")
        yield account


def test_it_is_mended_told_and_taken_back_exactly_once_the_policy_says_fix(deployed: Deployed) -> None:
    policy_says(deployed, f'\n[control.{ACL.control}]\nmode = "fix"\n{TAGS}')
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


def test_an_instance_is_tagged_with_whoever_launched_and_stopped_it_and_with_nothing_else(deployed: Deployed) -> None:
    """The role may set these tags alone, and the undo takes away the one that it is about."""
    image = TAGGED.make(deployed, "launched")
    cli(deployed, *TAGGED.open(image))
    deployed.settle()
    assert TAGGED.read(deployed, image) == TAGGED.mended
    (instance,) = cli(deployed, "ec2", "describe-instances", "--query", "Reservations[].Instances[].InstanceId")
    (mended,) = (each for each in records(deployed, instance, TAGGED.control) if each["status"] == "mended")
    assert mended["summary"] == f"EC2 instance {instance}: {TAGGED.said}"
    cli(deployed, "ec2", "stop-instances", "--instance-ids", instance)
    deployed.settle()
    tags = {tag["Key"]: tag["Value"] for tag in cli(deployed, "ec2", "describe-tags")["Tags"] if "By" in tag["Key"]}
    assert tags.keys() == {"StartedBy", "LastChangedBy"}
    assert tags["LastChangedBy"].endswith(f" StopInstances by {TAGGED.mended[0]}")
    person = deployed.assume(UNDOER)
    said = run(["cloudmend", "undo", mended["entry_id"], "--for", "2h", "--reason", "a test"], person).stdout
    assert TAGGED.restored in " ".join(said.split())
    assert cli(deployed, "ec2", "describe-tags", "--query", "Tags[?Key==`StartedBy`]") == []
    for role in (RESPONDER, UNDOER):
        assert {each for each in deployed.used(role) if each.endswith("Tags")} <= {"ec2:CreateTags", "ec2:DeleteTags"}
