"""The guesses of docs/blind-spots.md, each with a question to EC2 that settles it, and the answer that is assumed.

The question is a function of a backend of the contract suite. It returns the answer in a few words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from contracts.backends import Backend, Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
PRIVATE = {**SSH, "CidrIpv4": "10.0.0.0/8"}
NO_GROUP, NO_LIST = "sg-0123456789abcdef0", "pl-0123456789abcdef0"
Question = Callable[[Backend], str]


class Guess(NamedTuple):
    """A guess: its beginning in docs/blind-spots.md, the assumed answer, and the question."""

    text: str
    assumed: str
    ask: Question


def new_group(backend: Backend, name: str = "asked") -> Group:
    answer = backend.ec2.create_security_group(GroupName=name, Description="testing", VpcId=backend.vpc)
    return Group(backend.ec2, answer["GroupId"], name)


def code_of(call: Callable[[], object]) -> str:
    """Return the code of a refusal; "taken" if there was none."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "taken"


def words_of(call: Callable[[], object]) -> str:
    """Return a refusal with its sentence."""
    try:
        call()
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return "taken"


def description_left_out(backend: Backend) -> str:
    group = new_group(backend)
    group.modify((group.open("0.0.0.0/0", Description="old")["SecurityGroupRuleId"], PRIVATE))
    return "kept" if group.rules()[0].get("Description") else "cleared"


def batch_with_an_error(backend: Backend) -> str:
    group = new_group(backend)
    first, second = (group.open("0.0.0.0/0", port=port)["SecurityGroupRuleId"] for port in (22, 3389))
    code_of(lambda: group.modify((first, PRIVATE), (second, {**PRIVATE, "CidrIpv4": "world"})))
    return "all or nothing" if group.cidrs() == ["0.0.0.0/0"] * 2 else "what came before"


def tags_after_modify(backend: Backend) -> str:
    group = new_group(backend)
    rule = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    backend.ec2.create_tags(Resources=[rule], Tags=[{"Key": "team", "Value": "web"}])
    group.modify((rule, PRIVATE))
    return "kept" if group.rules()[0].get("Tags") else "lost"


def rules_of_no_group(backend: Backend) -> str:
    filters = [{"Name": "group-id", "Values": [NO_GROUP]}]
    rows: list[Any] = []
    code = code_of(
        lambda: rows.extend(backend.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"])
    )
    return code if code != "taken" else f"{len(rows)} rows"


def list_of_nobody(backend: Backend) -> str:
    by_id = code_of(lambda: backend.ec2.describe_managed_prefix_lists(PrefixListIds=[NO_LIST]))
    filters = [{"Name": "prefix-list-id", "Values": [NO_LIST]}]
    return f"{by_id}; {len(backend.ec2.describe_managed_prefix_lists(Filters=filters)['PrefixLists'])} rows"


def collision(backend: Backend) -> str:
    group = new_group(backend)
    halves = [group.open(cidr)["SecurityGroupRuleId"] for cidr in ("0.0.0.0/1", "128.0.0.0/1")]
    return code_of(lambda: group.modify(*((rule, PRIVATE) for rule in halves)))


def swap(backend: Backend) -> str:
    group = new_group(backend)
    first, second = (group.open(cidr)["SecurityGroupRuleId"] for cidr in ("10.0.0.0/8", "192.168.0.0/16"))
    other = {**SSH, "CidrIpv4": "192.168.0.0/16"}
    return "taken" if code_of(lambda: group.modify((first, other), (second, PRIVATE))) == "taken" else "refused"


def rule_of_another(backend: Backend) -> str:
    group, other = new_group(backend), new_group(backend, "other")
    rule, out = other.open("10.0.0.0/8")["SecurityGroupRuleId"], group.rules(is_egress=True)[0]["SecurityGroupRuleId"]
    revoke = backend.ec2.revoke_security_group_ingress
    found = [code_of(partial(revoke, GroupId=group.id, SecurityGroupRuleIds=[each])) for each in (rule, out)]
    return "; ".join(found)


def protocol_number(backend: Backend) -> str:
    group = new_group(backend)
    (row,) = group.authorize({"IpProtocol": "47", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]})
    has_ports = "FromPort" in group.shown()["IpPermissions"][0]
    return f"{row.get('FromPort')} and {row.get('ToPort')}; {'ports' if has_ports else 'no ports'}"


def refusals(backend: Backend) -> str:
    ec2, group = backend.ec2, new_group(backend)
    icmp = {"IpProtocol": "icmp", "FromPort": 300, "ToPort": 0, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    asked = (
        lambda: group.authorize({**SSH, "IpRanges": []}),
        lambda: ec2.describe_security_groups(MaxResults=5, NextToken="none"),
        lambda: group.authorize(icmp),
    )
    return " | ".join(words_of(each) for each in asked)


def not_supported(backend: Backend) -> str:
    group = new_group(backend)
    plain = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}
    return code_of(lambda: backend.ec2.authorize_security_group_egress(GroupId=group.id, **plain))


def list_at_once(backend: Backend) -> str:
    ec2, named = backend.ec2, {"PrefixListId": backend.prefix_list}
    changed = ec2.modify_managed_prefix_list(**named, AddEntries=[{"Cidr": "10.0.0.0/8"}], CurrentVersion=1)
    return str(changed["PrefixList"]["State"])


GUESSES = (
    Guess("Does ModifySecurityGroupRules clear a description", "cleared", description_left_out),
    Guess("Is a batch of ModifySecurityGroupRules all or nothing?", "all or nothing", batch_with_an_error),
    Guess("Does Modify keep a rule's tags?", "kept", tags_after_modify),
    Guess("What does DescribeSecurityGroupRules answer for a group", "0 rows", rules_of_no_group),
    Guess("What does AWS answer for a prefix list", "InvalidPrefixListID.NotFound; 0 rows", list_of_nobody),
    Guess("Which error is a collision within one Modify?", "InvalidPermission.Duplicate", collision),
    Guess("Modify applies its updates in order", "refused", swap),
    Guess(
        "A rule id of another group",
        "InvalidSecurityGroupRuleId.NotFound; InvalidSecurityGroupRuleId.NotFound",
        rule_of_another,
    ),
    Guess("Protocol numbers without ports", "-1 and -1; no ports", protocol_number),
    Guess(
        "The wording of some refusals",
        "MissingParameter: Source group ID missing. | InvalidNextToken: The specified NextToken is not valid. | "
        "InvalidParameterValue: ICMP type (300) out of range",
        refusals,
    ),
    Guess('Parameters that EC2 documents as "not supported"', "UnsupportedOperation", not_supported),
    Guess("Prefix lists change at once", "modify-complete", list_at_once),
)
# The guesses that no call to EC2 settles within one account, and why.
NOT_ASKED: Mapping[str, str] = {
    "In CloudTrail's classic encoding": "CloudTrail writes a call down minutes later.",
    "Groups of other accounts are refused": "It needs a second account, and a connection of two VPCs.",
    "Throttling, if it is on": "To be throttled would disturb whoever else uses the account.",
    "DynamoDB deletes an item": "It takes days.",
    "moto holds the network interfaces": "It says how the embedded AWS is made.",
    "Each Region answers": "It needs a Region that the account has not opted into.",
    "EventBridge still gets the call": "It would silence the trails of the account.",
    "Retries of Lambda and EventBridge": "It says how fast the embedded AWS is.",
    "Does RDS or Redshift show an accepted change": "A database is not tagged, and costs money.",
    "Is `rds:ManageMasterUserPassword` in the request": "A database is not tagged, and costs money.",
    "Does Redshift keep the Elastic IP address": "A cluster costs money, and takes minutes.",
    "A DB instance is `creating` or `modifying`": "It says how fast the embedded AWS is.",
    "Events are handled one at a time": "It says how the embedded AWS is made.",
}
