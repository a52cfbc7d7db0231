"""The guard of the suite that runs in a real account: nothing is sent that might change what the run did not make."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.ec2.groups import OPERATIONS, SecurityGroups
from cloudmend.local.ec2.model import Vpc
from cloudmend.local.ec2.wire import ec2_model, memory_client
from contracts.real.guard import CHANGES, CREATES, TAG, Guard, NotOurs

VPC = Vpc("vpc-0000000000000000a", "172.31.0.0/16", is_default=True)
DOOR = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "192.0.2.0/24"}


class Watched:
    """A Region with a group, a rule and a prefix list of somebody else's, and a guarded client."""

    def __init__(self) -> None:
        groups = SecurityGroups("111122223333", "us-east-1", lambda: [VPC])
        self.sent: list[str] = []
        self.others = memory_client(groups)
        self.ec2 = memory_client(groups, on_call=lambda operation, _: self.sent.append(operation))
        self.guard = Guard(self.ec2, self.others, "run-1", settle_s=0)
        self.group = self.others.create_security_group(GroupName="theirs", Description="theirs")["GroupId"]
        opened = self.others.authorize_security_group_ingress(GroupId=self.group, **DOOR)
        self.rule = opened["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        listed = {"PrefixListName": "theirs", "AddressFamily": "IPv4", "MaxEntries": 1}
        self.list = self.others.create_managed_prefix_list(**listed)["PrefixList"]["PrefixListId"]

    def make(self, **more: Any) -> str:
        made: str = self.ec2.create_security_group(GroupName="ours", Description="ours", **more)["GroupId"]
        return made


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_what_is_made_carries_the_tag_and_the_tests_do_not_see_it(watched: Watched) -> None:
    named = [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "web"}]}]
    tagged, plain = (
        watched.make(TagSpecifications=named),
        watched.ec2.create_security_group(GroupName="plain", Description="plain")["GroupId"],
    )
    rows = watched.others.describe_security_groups(GroupIds=[tagged, plain])["SecurityGroups"]
    own = {"Key": TAG, "Value": "run-1"}
    assert {row["GroupId"]: row["Tags"] for row in rows} == {
        tagged: [{"Key": "team", "Value": "web"}, own],
        plain: [own],
    }
    seen = watched.ec2.describe_security_groups(GroupIds=[tagged, plain])["SecurityGroups"]
    assert {row["GroupId"]: row.get("Tags") for row in seen} == {tagged: [{"Key": "team", "Value": "web"}], plain: None}


def test_what_the_run_made_may_be_changed_tagged_and_deleted(watched: Watched) -> None:
    group = watched.make()
    rules = watched.ec2.authorize_security_group_ingress(GroupId=group, **DOOR)["SecurityGroupRules"]
    watched.ec2.create_tags(Resources=[group, rules[0]["SecurityGroupRuleId"]], Tags=[{"Key": "team", "Value": "web"}])
    watched.ec2.delete_tags(Resources=[group], Tags=[{"Key": "team"}])
    watched.ec2.delete_security_group(GroupName="ours")
    assert watched.sent[-1] == "DeleteSecurityGroup"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("authorize_security_group_ingress", {"GroupId": "group", "IpPermissions": []}),
        ("authorize_security_group_ingress", {"GroupName": "theirs", "IpPermissions": []}),
        ("create_tags", {"Resources": ["group"], "Tags": [{"Key": "team", "Value": "web"}]}),
        ("create_tags", {"Resources": ["rule"], "Tags": [{"Key": "team", "Value": "web"}]}),
        ("create_tags", {"Resources": ["i-0123456789abcdef0"], "Tags": [{"Key": "team", "Value": "web"}]}),
        ("delete_managed_prefix_list", {"PrefixListId": "list"}),
        ("delete_security_group", {"GroupId": "group"}),
        ("delete_security_group", {"GroupName": "theirs"}),
        ("delete_security_group", {"GroupName": "default"}),
        ("delete_security_group", {}),
        ("delete_vpc", {"VpcId": VPC.id}),
        ("modify_managed_prefix_list", {"PrefixListId": "list", "MaxEntries": 2}),
        ("revoke_security_group_egress", {"GroupId": "group"}),
        ("run_instances", {"MinCount": 1, "MaxCount": 1}),
        ("delete_vpc_endpoints", {"VpcEndpointIds": ["vpce-0123456789abcdef0"]}),
    ],
)
def test_what_the_run_did_not_make_is_not_touched(watched: Watched, operation: str, params: dict[str, Any]) -> None:
    ids = {"group": watched.group, "rule": watched.rule, "list": watched.list}
    given = {
        key: [ids.get(each, each) if isinstance(each, str) else each for each in value]
        if isinstance(value, list)
        else ids.get(value, value)
        for key, value in params.items()
    }
    with pytest.raises(NotOurs):
        getattr(watched.ec2, operation)(**given)
    assert watched.sent == []


def test_the_run_keeps_the_tag_by_which_it_finds_its_own(watched: Watched) -> None:
    group = watched.make()
    each: tuple[dict[str, Any], ...] = ({}, {"Tags": []}, {"Tags": [{"Key": TAG}]})
    for tags in each:
        with pytest.raises(NotOurs, match="would remove the tag"):
            watched.ec2.delete_tags(Resources=[group], **tags)
    with pytest.raises(NotOurs, match="would change the tag"):
        watched.ec2.create_tags(Resources=[group], Tags=[{"Key": TAG, "Value": "other"}])


def test_an_id_that_nothing_has_goes_through_to_be_refused(watched: Watched) -> None:
    for group_id, code in (("sg-0123456789abcdef0", "InvalidGroup.NotFound"), ("sg-1", "InvalidGroupId.Malformed")):
        with pytest.raises(ClientError, match=code):
            watched.ec2.delete_security_group(GroupId=group_id)
    assert watched.sent == ["DeleteSecurityGroup"] * 2


def test_a_name_that_somebody_else_s_group_has_too_is_not_the_run_s(watched: Watched) -> None:
    """A call by name acts on a group of the default VPC: the run's own of that name may be in another."""
    watched.make()
    watched.guard.own.clear()
    with pytest.raises(NotOurs):
        watched.ec2.delete_security_group(GroupName="ours")


def test_what_a_change_names_is_what_ec2_documents() -> None:
    """A parameter that names what is changed, and is not looked at here, would be a way past the guard."""
    for operation in sorted((OPERATIONS & CHANGES.keys()) | {"AssociateVpcCidrBlock", "DeleteVpc"}):
        members = ec2_model().operation_model(operation).input_shape.members
        naming = {name for name in members if name in ("GroupId", "GroupName", "PrefixListId", "VpcId", "Resources")}
        assert set(CHANGES[operation]) == naming, operation
    for operation in CREATES:
        assert "TagSpecifications" in ec2_model().operation_model(operation).input_shape.members
