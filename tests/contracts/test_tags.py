"""CreateTags and DeleteTags, of groups, rules and prefix lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.backends import Backend, Group

TEAM = {"Key": "team", "Value": "web"}


def _tags(ec2: Any, group: Group, rule_id: str, prefix_list: str) -> list[Sequence[dict[str, str]]]:
    """Those of the group, of the rule and of the prefix list."""
    lists = ec2.describe_managed_prefix_lists(PrefixListIds=[prefix_list])["PrefixLists"]
    rules = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
    return [group.shown().get("Tags", []), rules[0]["Tags"], lists[0]["Tags"]]


def test_tags_are_set_replaced_and_taken_away(ec2: Any, backend: Backend, group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    resources = [group.id, rule_id, backend.prefix_list]
    ec2.create_tags(Resources=resources, Tags=[{"Key": "team", "Value": "db"}, {"Key": "stage", "Value": "test"}])
    ec2.create_tags(Resources=resources, Tags=[TEAM])
    ec2.delete_tags(Resources=resources, Tags=[{"Key": "stage"}, {"Key": "team", "Value": "another value"}])
    assert _tags(ec2, group, rule_id, backend.prefix_list) == [[TEAM]] * 3


def test_to_delete_tags_without_naming_any_deletes_them_all(ec2: Any, backend: Backend, group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    resources = [group.id, rule_id, backend.prefix_list]
    ec2.create_tags(Resources=resources, Tags=[TEAM])
    ec2.delete_tags(Resources=resources)
    assert _tags(ec2, group, rule_id, backend.prefix_list) == [[]] * 3


def test_a_rule_is_found_by_the_tag_that_it_was_given(ec2: Any, group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    ec2.create_tags(Resources=[rule_id], Tags=[{"Key": "ticket", "Value": group.id}])
    rows = ec2.describe_security_group_rules(Filters=[{"Name": "tag:ticket", "Values": [f"{group.id[:9]}*"]}])
    assert [row["SecurityGroupRuleId"] for row in rows["SecurityGroupRules"]] == [rule_id]


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("sg-0123456789abcdef0", "InvalidGroup.NotFound"),
        ("sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound"),
        ("pl-0123456789abcdef0", "InvalidPrefixListID.NotFound"),
    ],
)
def test_one_resource_that_does_not_exist_leaves_all_untagged(ec2: Any, group: Group, resource: str, code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        ec2.create_tags(Resources=[group.id, resource], Tags=[TEAM])
    assert "Tags" not in group.shown()


def test_a_dry_run_tags_nothing(ec2: Any, group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)"):
        ec2.create_tags(Resources=[group.id], Tags=[TEAM], DryRun=True)
    assert "Tags" not in group.shown()


def test_a_call_without_resources_is_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"\(MissingParameter\)"):
        ec2.create_tags(Resources=[], Tags=[TEAM])
