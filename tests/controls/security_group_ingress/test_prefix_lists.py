"""Prefix lists: what they hold counts, the rule that refers to one is revoked, the list itself is never edited."""

from __future__ import annotations

from typing import Any

from support import Account, event, ingress, ipv4

PREFIX_LIST = "AWS::EC2::PrefixList"


def prefix_list(account: Account, *cidrs: str, family: str = "IPv4") -> str:
    entries = [{"Cidr": cidr, "Description": "an entry"} for cidr in cidrs]
    answer = account.ec2.create_managed_prefix_list(
        PrefixListName="offices", AddressFamily=family, MaxEntries=max(len(cidrs), 5), Entries=entries
    )
    return str(answer["PrefixList"]["PrefixListId"])


def refers(port: int, *prefix_list_ids: str, **fields: str) -> dict[str, Any]:
    sources = [{"PrefixListId": prefix_list_id, **fields} for prefix_list_id in prefix_list_ids]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "PrefixListIds": sources}


def test_a_rule_whose_list_holds_the_world_is_revoked_and_the_list_is_left_alone() -> None:
    account = Account()
    world = prefix_list(account, "0.0.0.0/1", "128.0.0.0/1")
    group_id = account.group(refers(22, world, Description="the offices"))
    record = account.mend(group_id)
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == set()
    assert "a source cannot change its type" in record.edits[0].why
    assert "3,702,258,688 public addresses" in record.findings[0].why
    assert len(account.ec2.get_managed_prefix_list_entries(PrefixListId=world)["Entries"]) == 2
    assert not [call for call in account.calls if "ModifyManagedPrefixList" in call]


def test_a_list_counts_together_with_the_other_rules() -> None:
    account = Account()
    half = prefix_list(account, "11.0.0.0/9", "11.128.0.0/9")
    group_id = account.group(refers(22, half), ipv4(22, "8.8.8.8/32"))
    account.mend(group_id)
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "8.8.8.8/32")}


def test_a_list_within_the_limit_stays() -> None:
    account = Account()
    offices = prefix_list(account, "198.51.100.0/24", "11.0.0.0/12")
    group_id = account.group(refers(22, offices))
    assert account.mend(group_id).status == "clean"


def test_a_list_is_not_even_read_where_it_opens_no_guarded_port() -> None:
    account = Account()
    world = prefix_list(account, "0.0.0.0/0")
    group_id = account.group(refers(443, world))
    assert account.mend(group_id).status == "clean"
    assert account.calls == ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"]


def test_an_ipv6_list_is_judged_by_ipv6_s_limit() -> None:
    account = Account()
    world = prefix_list(account, "2000::/3", family="IPv6")
    group_id = account.group(refers(3389, world))
    assert account.mend(group_id).status == "mended"
    assert ingress(account.rules(group_id)) == set()


def test_a_list_is_read_once_in_a_run_though_its_group_is_read_twice() -> None:
    account = Account()
    offices = prefix_list(account, "198.51.100.0/24")
    group_id = account.group(ipv4(22, "0.0.0.0/0"), refers(22, offices))
    assert account.mend(group_id).status == "mended"
    assert account.calls.count("ec2:DescribeSecurityGroupRules") == 2
    assert account.calls.count("ec2:GetManagedPrefixListEntries") == 1


def test_a_change_to_a_list_looks_at_all_the_groups_that_refer_to_it() -> None:
    account = Account()
    offices = prefix_list(account, "198.51.100.0/24")
    first, second, other = (account.group(refers(22, offices)), account.group(refers(22, offices)), account.group())
    account.ec2.modify_managed_prefix_list(
        PrefixListId=offices, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/0", "Description": "everybody"}]
    )
    parameters = {"ModifyManagedPrefixListRequest": {"PrefixListId": offices}}
    account.handle(event("", "ModifyManagedPrefixList", requestParameters=parameters))
    ends = {(record.resource.id, record.status) for record in account.records}
    assert ends == {(first, "mended"), (second, "mended")}
    assert ingress(account.rules(first)) == ingress(account.rules(second)) == set()
    assert account.rules(other)


def test_aws_s_own_lists_are_trusted_unless_the_policy_says_otherwise() -> None:
    account = Account()
    lists = account.ec2.describe_managed_prefix_lists()["PrefixLists"]
    own = next(row["PrefixListId"] for row in lists if row["OwnerId"] == "AWS")
    group_id = account.group(refers(22, own))
    assert account.mend(group_id).status == "clean"
    assert "ec2:GetManagedPrefixListEntries" not in account.calls
    account.mend(group_id, file='control.security_group_ingress.aws_prefix_lists = "resolved"')
    assert "ec2:GetManagedPrefixListEntries" in account.calls


def test_the_before_image_holds_the_list_s_version_and_entries() -> None:
    account = Account()
    world = prefix_list(account, "0.0.0.0/0")
    account.mend(account.group(refers(22, world)))
    (intent,) = account.intents
    (described,) = intent.before["PrefixLists"]
    assert (described["PrefixListId"], described["Version"]) == (world, 1)
    assert [entry["Cidr"] for entry in intent.before["PrefixListEntries"][world]] == ["0.0.0.0/0"]
