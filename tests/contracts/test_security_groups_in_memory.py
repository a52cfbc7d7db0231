"""What only the model itself offers: what AWS leaves undocumented, and VPCs that come and go; botocore's own checks
keep sizes below five from the wire."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import OPERATIONS, SecurityGroups
from cloudmend.local.ec2.model import Vpc
from cloudmend.local.ec2.wire import memory_client

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
DEFAULT_VPC = Vpc("vpc-0000000000000000a", "172.31.0.0/16", is_default=True)
OTHER_VPC = Vpc("vpc-0000000000000000b", "10.20.0.0/16", is_default=False)


def _model(**options: Any) -> SecurityGroups:
    return SecurityGroups("111122223333", "us-east-1", lambda: [DEFAULT_VPC], **options)


def _group(groups: SecurityGroups, name: str = "web") -> str:
    group_id: str = groups.call("CreateSecurityGroup", {"GroupName": name, "Description": "testing"})["GroupId"]
    return group_id


def _opened(groups: SecurityGroups, group_id: str, *cidrs: str) -> list[str]:
    ranges = [{"CidrIp": cidr, "Description": "open"} for cidr in cidrs]
    permissions = {"GroupId": group_id, "IpPermissions": [{**SSH, "IpRanges": ranges}]}
    rows = groups.call("AuthorizeSecurityGroupIngress", permissions)["SecurityGroupRules"]
    return [row["SecurityGroupRuleId"] for row in rows]


def _modify(groups: SecurityGroups, group_id: str, *updates: tuple[str, str]) -> None:
    rules = [
        {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": {**SSH, "CidrIpv4": cidr}} for rule_id, cidr in updates
    ]
    groups.call("ModifySecurityGroupRules", {"GroupId": group_id, "SecurityGroupRules": rules})


def _rows(groups: SecurityGroups, *rule_ids: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = groups.call("DescribeSecurityGroupRules", {"SecurityGroupRuleIds": list(rule_ids)})[
        "SecurityGroupRules"
    ]
    return rows


def test_modify_can_be_told_to_keep_a_description_that_is_left_out() -> None:
    groups = _model(keeps_omitted_description=True)
    group_id = _group(groups)
    (rule_id,) = _opened(groups, group_id, "0.0.0.0/0")
    _modify(groups, group_id, (rule_id, "10.0.0.0/8"))
    assert _rows(groups, rule_id)[0]["Description"] == "open"


def test_modify_can_be_told_to_stop_half_way() -> None:
    groups = _model(modify_is_atomic=False)
    group_id = _group(groups)
    first, second = _opened(groups, group_id, "0.0.0.0/1", "128.0.0.0/1")
    with pytest.raises(Ec2Error, match=r"InvalidPermission.Duplicate"):
        _modify(groups, group_id, (first, "10.0.0.0/8"), (second, "10.0.0.0/8"))
    assert [row["CidrIpv4"] for row in _rows(groups, first, second)] == ["10.0.0.0/8", "128.0.0.0/1"]


@pytest.mark.parametrize(
    ("repeats_are_duplicates", "code"), [(True, "InvalidPermission.Duplicate"), (False, "InvalidParameterValue")]
)
def test_modify_can_be_told_how_to_refuse_rules_that_it_makes_equal(repeats_are_duplicates: bool, code: str) -> None:
    groups = _model(repeats_are_duplicates=repeats_are_duplicates)
    group_id = _group(groups)
    first, second = _opened(groups, group_id, "0.0.0.0/1", "128.0.0.0/1")
    with pytest.raises(Ec2Error, match=code):
        _modify(groups, group_id, (first, "10.0.0.0/8"), (second, "10.0.0.0/8"))


@pytest.mark.parametrize("repeats_are_duplicates", [True, False])
def test_a_rule_that_stands_already_is_a_duplicate_either_way(repeats_are_duplicates: bool) -> None:
    groups = _model(repeats_are_duplicates=repeats_are_duplicates)
    group_id = _group(groups)
    rule_id, _ = _opened(groups, group_id, "0.0.0.0/0", "10.0.0.0/8")
    with pytest.raises(Ec2Error, match=r"InvalidPermission\.Duplicate"):
        _modify(groups, group_id, (rule_id, "10.0.0.0/8"))


def test_the_quota_on_rules_can_be_raised() -> None:
    groups = _model(rule_quota=61)
    group_id = _group(groups)
    _opened(groups, group_id, *(f"10.0.{number}.0/24" for number in range(61)))
    with pytest.raises(Ec2Error, match="RulesPerSecurityGroupLimitExceeded"):
        _opened(groups, group_id, "192.168.0.0/16")


def test_a_group_on_a_network_interface_cannot_be_deleted() -> None:
    groups = _model(carriers=lambda _: {"vpc-0000000000000000a"})
    group_id = _group(groups)
    with pytest.raises(Ec2Error, match="DependencyViolation"):
        groups.call("DeleteSecurityGroup", {"GroupId": group_id})


def test_without_a_default_vpc_a_group_needs_a_vpc() -> None:
    groups = SecurityGroups("111122223333", "us-east-1", lambda: [OTHER_VPC])
    with pytest.raises(Ec2Error, match="VPCIdNotSpecified"):
        _group(groups)


def test_the_groups_of_a_vpc_go_with_it() -> None:
    vpcs = [DEFAULT_VPC, OTHER_VPC]
    groups = SecurityGroups("111122223333", "us-east-1", lambda: vpcs)
    before = groups.call("DescribeSecurityGroups", {})["SecurityGroups"]
    vpcs.remove(OTHER_VPC)
    after = groups.call("DescribeSecurityGroups", {})["SecurityGroups"]
    assert after == [row for row in before if row["VpcId"] == DEFAULT_VPC.id]


@pytest.mark.parametrize("size", [-1, 0, 4])
def test_a_page_of_fewer_than_five_rows_is_refused(size: int) -> None:
    with pytest.raises(Ec2Error, match="Expecting a value greater than 5"):
        _model().call("DescribeSecurityGroups", {"MaxResults": size})


def test_an_operation_that_is_not_modelled_is_refused() -> None:
    with pytest.raises(Ec2Error, match="InvalidAction"):
        _model().call("RunInstances", {})
    assert "RunInstances" not in OPERATIONS


def test_calls_from_many_threads_leave_every_group_behind() -> None:
    groups = _model()
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda number: _group(groups, f"web-{number}"), range(64)))
    shown = groups.call("DescribeSecurityGroups", {})["SecurityGroups"]
    assert len(made) == 64
    assert made <= {row["GroupId"] for row in shown}


def test_a_client_tells_each_call_before_it_is_answered() -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    client = memory_client(_model(), on_call=lambda operation, params: calls.append((operation, params)))
    client.describe_security_groups(MaxResults=5)
    assert calls == [("DescribeSecurityGroups", {"MaxResults": 5})]


def test_clients_of_two_models_do_not_share_groups() -> None:
    one, other = memory_client(_model()), memory_client(_model())
    group_id = one.create_security_group(GroupName="web", Description="testing")["GroupId"]
    assert group_id not in {row["GroupId"] for row in other.describe_security_groups()["SecurityGroups"]}


def test_a_client_ignores_the_profile_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:9")
    assert memory_client(_model()).describe_security_groups()["SecurityGroups"]
