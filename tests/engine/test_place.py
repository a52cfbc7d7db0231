"""What is not of this account and Region: told, never looked at under another's name, and never written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest

import lamps
from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Record
from cloudmend.core.notice import CHANNELS
from cloudmend.core.notice.mail import text as mail
from cloudmend.core.notice.wording import NotificationTargets, headline
from cloudmend.engine.look import survey
from cloudmend.engine.stations.resolve import ours
from cloudmend.local.ec2.model import Group, Permission, Rule, Source, Traffic, Vpc
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from ledgers.values import exemption
from support import ACCOUNT, NOW, REGION, VPC, Account, event, ingress, ipv4, policy

OTHER = "444455556666"
WORLD = "0.0.0.0/0"
DEFAULT_VPC = Vpc(id="vpc-0fedcba9876543210", cidr="172.31.0.0/16", is_default=True)
OPEN_SSH = Permission(Traffic("tcp", 22, 22), Source("CidrIpv4", WORLD))
WRITES = {"ec2:ModifySecurityGroupRules", "ec2:RevokeSecurityGroupIngress"}


def of_another(*permissions: Permission, group_id: str = "sg-0123456789abcdef0") -> Group:
    """A group that another account shares."""
    rules = tuple(Rule(f"sgr-0123456789abcdef{n}", group_id, False, each) for n, each in enumerate(permissions))
    return Group(group_id, "shared", "of another account", VPC, rules, owner=OTHER)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"account": OTHER}, f"the call was made in Region {REGION} and account {OTHER}, and cloudmend acts in Region"),
        (
            {"region": "us-east-1"},
            f"made in Region us-east-1 and account {ACCOUNT}, and cloudmend acts in Region {REGION}",
        ),
        ({"account": OTHER, "region": "us-east-1"}, f"made in Region us-east-1 and account {OTHER}"),
    ],
)
def test_an_event_of_another_account_or_region_fails_loudly_and_nothing_is_looked_at(
    place: Mapping[str, str], said: str
) -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    raw = {**event(group_id), **place}
    record = account.respond(raw)
    assert (record.status, record.severity, account.calls) == ("failed", "high", [])
    assert said in record.summary
    assert "Nothing was looked at or changed, and it may be open." in record.summary
    assert (record.account, record.region) == (raw["account"], raw["region"])
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, WORLD)}


def test_a_group_of_ours_is_not_mended_for_another_account_s_event_that_tells_its_name() -> None:
    account = Account(vpcs=(DEFAULT_VPC,))
    group_id = account.ec2.create_security_group(GroupName="web", Description="t", VpcId=DEFAULT_VPC.id)["GroupId"]
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, WORLD)])
    named = event("", requestParameters={"groupName": "web"})
    assert account.respond({**named, "account": OTHER}).status == "failed"
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, WORLD)}
    assert account.respond(named).status == "mended"


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("AuthorizeSecurityGroupIngress", None),
        ("ModifyManagedPrefixList", {"ModifyManagedPrefixListRequest": {"PrefixListId": "pl-0123456789abcdef0"}}),
    ],
)
def test_neither_is_a_region_looked_at_nor_a_list_followed_for_another_s_event(name: str, request_: Any) -> None:
    account = Account()
    account.group(ipv4(22, WORLD))
    records = account.handle({**event("", name, requestParameters=request_), "region": "us-east-1"})
    assert {each.status for each in records if isinstance(each, Record)} == {"failed"}
    assert account.calls == []


def test_one_event_of_another_account_among_several_hides_none_of_the_others() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    bodies = [{**event("sg-05fe30eb67c909f27"), "account": OTHER}, event(group_id)]
    records = account.handle({"Records": [{"body": json.dumps(body)} for body in bodies]})
    assert [record.status for record in records if isinstance(record, Record)] == ["failed", "mended"]


@pytest.mark.parametrize("named", [(), ("account",), ("region",)])
def test_an_event_that_names_no_account_or_region_is_of_here(named: tuple[str, ...]) -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    raw = {key: value for key, value in event(group_id).items() if key not in {"account", "region"} - set(named)}
    record = account.respond(raw)
    assert (record.status, record.account, record.region) == ("mended", ACCOUNT, REGION)


def unknown() -> str:
    raise AwsError("sts:GetCallerIdentity: no answer.", action="sts:GetCallerIdentity", code="", refused=False)


def test_where_it_is_not_known_whose_account_this_is_nothing_is_changed() -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, account=unknown)
    group_id = account.group(ipv4(22, WORLD))
    record = account.mend(group_id)
    assert (record.status, account.calls) == ("failed", [])
    assert "it is not known which account this is, so nothing was looked at: sts:GetCallerIdentity" in record.summary
    anonymous = {"detail": event(group_id)["detail"]}
    assert account.respond(anonymous).status == "failed"
    assert not WRITES & set(account.calls)


def test_a_group_that_another_account_owns_is_judged_told_and_never_written() -> None:
    account = Account()
    account.groups.share(of_another(OPEN_SSH))
    record = account.mend("sg-0123456789abcdef0")
    assert (record.status, record.account, record.edits, account.intents) == ("observed", OTHER, (), [])
    assert "tcp/22 from 0.0.0.0/0 opens tcp/22 to" in record.summary
    assert f"Nothing was changed: account {OTHER} owns it, and only its owner can change it" in record.summary
    assert not WRITES & set(account.calls)
    assert headline(record) == "cloudmend reports sg-0123456789abcdef0 (shared)"
    assert f"whatever the mode: account {OTHER} owns it" in mail(record, NotificationTargets())


def test_a_group_of_another_that_is_well_is_clean_and_one_that_is_exempt_is_left_so() -> None:
    account = Account()
    account.groups.share(of_another(replace(OPEN_SSH, source=Source("CidrIpv4", "10.0.0.0/8"))))
    assert account.mend("sg-0123456789abcdef0").status == "clean"
    account.groups.share(of_another(OPEN_SSH))
    account.ledger.exempt(exemption(group="sg-0123456789abcdef0"))
    assert account.mend("sg-0123456789abcdef0").status == "exempt"


def test_an_exemption_of_one_rule_makes_another_s_group_no_less_another_s() -> None:
    account = Account()
    account.groups.share(of_another(OPEN_SSH, replace(OPEN_SSH, traffic=Traffic("tcp", 3389, 3389))))
    account.ledger.exempt(exemption(group="sg-0123456789abcdef0", rule="sgr-0123456789abcdef0"))
    record = account.mend("sg-0123456789abcdef0")
    assert record.status == "observed"
    assert not WRITES & set(account.calls)


def test_security_hub_is_told_of_no_other_account_s_group() -> None:
    account = Account()
    account.groups.share(of_another(OPEN_SSH))
    record = account.mend("sg-0123456789abcdef0")
    audience = NotificationTargets(security_hub=True, account=ACCOUNT, region=REGION)
    asked = [request.action for channel in CHANNELS for request in channel(record, audience, NOW)]
    assert asked == ["events:PutEvents"]


def sweep(account: Account) -> engine.Sweep:
    account.calls.clear()
    return engine.sweep(controls=[CONTROL], policy=policy(), world=account.world)


def test_a_sweep_mends_ours_and_counts_what_others_own_without_a_notice() -> None:
    account = Account()
    own = account.group(ipv4(22, WORLD))
    account.groups.share(of_another(OPEN_SSH))
    swept = sweep(account)
    assert [(record.resource.id, record.status) for record in swept.records] == [(own, "mended")]
    assert [(each.id, each.account) for each in swept.others] == [("sg-0123456789abcdef0", OTHER)]
    again = sweep(account)
    assert (again.records, len(again.others)) == ((), 1)


def referring_to(list_id: str, count: int) -> list[Group]:
    """Groups of another account that refer to a list, which it was shared."""
    source = Permission(Traffic("tcp", 22, 22), Source("PrefixListId", list_id))
    return [of_another(source, group_id=f"sg-0123456789abcde{number:02x}") for number in range(count)]


def test_a_change_to_a_list_tells_once_of_all_groups_of_others_and_calls_none_of_them_gone() -> None:
    account = Account()
    offices = prefix_list(account, WORLD)
    own = account.group(refers(22, offices))
    for group in referring_to(offices, 7):
        account.groups.share(group)
        account.groups.unshare(group.id)  # the owner of a list is told who refers to it, and sees no more of them
    parameters = {"ModifyManagedPrefixListRequest": {"PrefixListId": offices}}
    account.handle(event("", "ModifyManagedPrefixList", requestParameters=parameters))
    told, mended = account.records
    assert (told.resource.id, told.status, told.edits) == (offices, "observed", ())
    assert "which cloudmend did not read: sg-0123456789abcde00 of account 444455556666, " in told.summary
    assert "and 2 more" in told.summary
    assert f"cloudmend acts in account {ACCOUNT} alone" in told.summary
    assert (mended.resource.id, mended.status) == (own, "mended")
    assert "no command is known for it" not in mail(told, NotificationTargets())


def _unknown() -> str:
    raise AwsError("They have expired.", action="sts:GetCallerIdentity", code="ExpiredToken", refused=True)


def test_where_the_account_is_not_known_a_survey_names_what_it_could_not_judge() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    found = survey(CONTROL, policy(), msgspec.structs.replace(account.world, account=_unknown))
    assert (found.found, found.unread) == ((), (f"{account.label(group_id)}: They have expired.",))


def test_where_the_account_is_not_known_no_resource_counts_as_another_s() -> None:
    of_other = lamps.target(lamp="lamp-7")
    assert ours([of_other], msgspec.structs.replace(Account().world, account=_unknown)) == ([of_other], [])


def test_what_an_account_has_once_is_swept_from_its_home_region_only() -> None:
    kind = msgspec.structs.replace(lamps.TYPE, scope="account")
    control, home = msgspec.structs.replace(lamps.CONTROL, resource=kind), lamps.Home()
    abroad = msgspec.structs.replace(home.world, region="us-east-1")
    assert engine.sweep(controls=[control], policy=lamps.policy(control), world=home.world).records == ()
    assert home.switches == {"hall": "on"}
    (record,) = engine.sweep(controls=[control], policy=lamps.policy(control), world=abroad).records
    assert (record.status, record.resource.id, home.switches) == ("mended", ACCOUNT, {"hall": "off"})
