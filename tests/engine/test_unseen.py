"""An event that comes before AWS shows what it tells of: looked at again for a while, and never clean before that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Record
from cloudmend.core.notice.wording import is_for_people
from cloudmend.core.ports import PutOff
from cloudmend.core.target import Target
from cloudmend.engine.stations.later import YOUNG
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from engine.test_put_off import Kept
from reliability.faults import MALLORY
from support import NOW, Account, event, ingress, ipv4, policy
from undoing import entry, undone

WORLD = "0.0.0.0/0"
CLOSED_SSH = ("tcp", 22, 22, "10.0.0.0/8")
CALLED = NOW - timedelta(seconds=2)  # as the event says
NEVER = "sgr-0123456789abcdef0"


class Refusing:
    """A Later whose queue does not answer."""

    def put_off(self, _: PutOff) -> bool:
        raise AwsError("sqs:SendMessage: no answer.", action="sqs:SendMessage", code="", refused=False)


def watched() -> tuple[Account, Kept]:
    account, later = Account(), Kept()
    account.world = msgspec.structs.replace(account.world, later=later)
    return account, later


def naming(group_id: str, *rule_ids: str, **detail: Any) -> dict[str, Any]:
    """Mallory's call that made these rules."""
    rows = [{"groupId": group_id, "securityGroupRuleId": rule_id} for rule_id in rule_ids]
    identity = {"type": "IAMUser", "arn": MALLORY, "userName": "mallory"}
    return event(group_id, userIdentity=identity, responseElements={"securityGroupRuleSet": {"items": rows}}, **detail)


def next_look(account: Account, task: PutOff) -> Record:
    """What the sweep's function does with a message when it is due."""
    account.clock.time = task.due
    target = Target(control=CONTROL, resource=task.resource, cause=task.cause)
    (record,) = engine.mend_all([target], policy(), account.world)
    return record


def test_a_rule_that_the_event_names_and_aws_does_not_show_is_looked_at_again_and_not_clean() -> None:
    account, later = watched()
    group_id = account.group(ipv4(443, WORLD))
    record = account.respond(naming(group_id, NEVER))
    (task,) = later.tasks
    assert (record.status, record.retry_at, record.severity) == ("observed", task.due, "normal")
    assert f"AWS does not show {NEVER} yet, which the event names. Nothing was changed: it is looked" in record.summary
    assert not is_for_people(record), "a rule that somebody removed at once would alarm people"


def test_once_aws_shows_it_it_is_mended_for_the_cause_that_it_had() -> None:
    account, later = watched()
    group_id = account.group()
    made = account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, WORLD)])
    (rule_id,) = (row["SecurityGroupRuleId"] for row in made["SecurityGroupRules"])
    raw, answer = naming(group_id, rule_id), account.groups.unhindered

    def late(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        result = answer(operation, params)
        rows = [row for row in result.get("SecurityGroupRules", ()) if row["SecurityGroupRuleId"] != rule_id]
        return {**result, "SecurityGroupRules": rows} if operation == "DescribeSecurityGroupRules" else result

    account.groups.unhindered = late  # type: ignore[method-assign]
    assert account.respond(raw).status == "observed"
    account.groups.unhindered = answer  # type: ignore[method-assign]
    record = next_look(account, later.tasks[0])
    assert (record.status, record.actor.arn, record.missed) == ("mended", MALLORY, False)
    assert ingress(account.rules(group_id)) == {CLOSED_SSH}


def test_a_rule_that_somebody_removed_at_once_is_clean_in_the_end_after_a_few_looks() -> None:
    account, later = watched()
    record = account.respond(naming(account.group(), NEVER))
    while record.retry_at:
        record = next_look(account, later.tasks[-1])
    assert record.status == "clean"
    looks = [task.due - CALLED for task in later.tasks]
    assert looks == sorted(looks)
    assert (len(looks) <= 6, looks[-1]) == (True, YOUNG)


@pytest.mark.parametrize("time", ["2026-11-24T06:57:59Z", "2099-01-01T00:00:00Z", "yesterday"])
def test_an_event_that_is_not_young_is_not_waited_for(time: str) -> None:
    account, later = watched()
    assert account.respond(naming(account.group(), NEVER, eventTime=time)).status == "clean"
    assert account.respond(naming("sg-05fe30eb67c909f27", NEVER, eventTime=time)).status == "gone"
    assert later.tasks == []


def test_a_rule_that_we_revoked_was_seen_and_the_event_that_comes_again_is_clean_at_once() -> None:
    account, later = watched()
    group_id = account.group(ipv4(22, "128.0.0.0/1"))
    rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"]]
    raw = naming(group_id, *rule_ids)
    assert account.respond(raw).status == "mended"
    assert ingress(account.rules(group_id)) == set()
    assert account.respond(raw).status == "clean"
    assert later.tasks == []


def test_a_group_that_aws_does_not_show_yet_is_not_gone() -> None:
    account, later = watched()
    record = account.respond(naming("sg-05fe30eb67c909f27"))
    assert record.status == "observed"
    assert "AWS does not show sg-05fe30eb67c909f27 itself yet" in record.summary
    account.clock.time = CALLED + YOUNG
    assert next_look(account, msgspec.structs.replace(later.tasks[0], due=CALLED + YOUNG)).status == "gone"


def test_what_else_is_at_fault_is_mended_at_once_and_the_named_rule_is_looked_at_later() -> None:
    account, later = watched()
    group_id = account.group(ipv4(22, WORLD))
    record = account.respond(naming(group_id, NEVER))
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == {CLOSED_SSH}
    (task,) = later.tasks
    assert (task.resource.parts, record.retry_at, is_for_people(record)) == ((NEVER,), task.due, True)
    assert f"AWS does not show {NEVER} yet, which the event names: that is looked at again at 07:0" in record.summary


def test_what_else_is_at_fault_is_mended_also_where_the_queue_takes_nothing() -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, later=Refusing())
    group_id = account.group(ipv4(22, WORLD))
    record = account.respond(naming(group_id, NEVER))
    assert ingress(account.rules(group_id)) == {CLOSED_SSH}
    assert (record.status, len(record.edits), len(record.undo)) == ("failed", 1, 1)
    assert "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8" in record.summary
    assert "It is not known whether that is open. Try again in two minutes" in record.summary
    assert "sqs:SendMessage" in record.errors[0]
    undone(account, record.entry_id)
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, WORLD)}


def test_before_what_is_open_is_closed_the_queue_is_not_asked() -> None:
    account = Account()

    class Watched(Kept):
        def put_off(self, task: PutOff) -> bool:
            account.calls.append("later")
            return super().put_off(task)

    account.world = msgspec.structs.replace(account.world, later=Watched())
    account.respond(naming(account.group(ipv4(22, WORLD)), NEVER))
    assert account.calls.index("ec2:ModifySecurityGroupRules") < account.calls.index("later")


def test_where_nobody_comes_again_what_was_mended_is_told_and_what_was_not_seen_fails_it() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    record = account.respond(naming(group_id, NEVER))
    assert (record.status, ingress(account.rules(group_id))) == ("failed", {CLOSED_SSH})
    assert f"{account.label(group_id)}: narrowed tcp/22" in record.summary
    assert f"AWS does not show {NEVER} yet" in record.summary


def test_what_is_opened_meanwhile_is_mended_and_hides_nothing_that_was_not_seen() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def open_another(_: Mapping[str, Any]) -> None:
        account.groups.after.clear()
        account.groups.unhindered(
            "AuthorizeSecurityGroupIngress", {"GroupId": group_id, "IpPermissions": [ipv4(3389, WORLD)]}
        )

    account.groups.after["ModifySecurityGroupRules"] = open_another
    record = account.respond(naming(group_id, NEVER))
    assert ingress(account.rules(group_id)) == {CLOSED_SSH, ("tcp", 3389, 3389, "10.0.0.0/8")}
    assert (record.status, f"AWS does not show {NEVER} yet" in record.summary) == ("failed", True)


def modify(group_id: str, rule_id: str, cidr: str) -> dict[str, Any]:
    value = {"CidrIpv4": cidr, "FromPort": 22, "ToPort": 22, "IpProtocol": "tcp"}
    rule = {"SecurityGroupRuleId": rule_id, "tag": 1, "SecurityGroupRule": value}
    parameters = {"ModifySecurityGroupRulesRequest": {"GroupId": group_id, "SecurityGroupRule": rule}}
    return event(group_id, "ModifySecurityGroupRules", requestParameters=parameters)


def test_a_rule_that_aws_still_shows_with_its_old_source_is_looked_at_again() -> None:
    account, later = watched()
    group_id = account.group(ipv4(22, "10.0.0.0/8"))
    rule_id = next(row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"])
    record = account.respond(modify(group_id, rule_id, "0.0.0.1/0"))
    assert record.status == "observed"
    assert f"AWS does not show {rule_id} as tcp/22 from 0.0.0.0/0 yet" in record.summary
    assert account.respond(modify(group_id, rule_id, "10.0.0.0/8")).status == "clean"
    assert account.respond(modify(group_id, rule_id, "no range")).status == "clean"
    assert len(later.tasks) == 1


def test_a_rule_that_aws_still_shows_with_its_old_ports_is_looked_at_again() -> None:
    account, later = watched()
    group_id = account.group(ipv4(8080, WORLD))
    rule_id = next(row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"])
    raw = modify(group_id, rule_id, WORLD)
    record = account.respond(raw)
    assert record.status == "observed"
    assert f"AWS does not show {rule_id} as tcp/22 from 0.0.0.0/0 yet" in record.summary
    moved = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": WORLD}
    update = {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": moved}
    account.ec2.modify_security_group_rules(GroupId=group_id, SecurityGroupRules=[update])
    assert next_look(account, later.tasks[0]).status == "mended"
    assert account.respond(raw).status == "clean"


def test_a_mend_that_saw_the_old_value_saw_nothing_and_the_rule_is_looked_at_again() -> None:
    account, later = watched()
    group_id = account.group(ipv4(22, WORLD), ipv4(3389, "10.0.0.0/8"))
    rule_id = next(row["SecurityGroupRuleId"] for row in account.rules(group_id) if row["FromPort"] == 3389)
    raw = modify(group_id, rule_id, WORLD)
    assert account.respond(raw).status == "mended"
    assert next_look(account, later.tasks[0]).status == "observed"


def test_a_before_image_that_cannot_be_compared_shows_nothing() -> None:
    account, _ = watched()
    group_id = account.group(ipv4(22, WORLD))
    raw = naming(group_id, NEVER)
    record_id = account.respond(raw).entry_id
    spoiled = entry(account, record_id)
    intent = msgspec.structs.replace(spoiled.intent, before={"SecurityGroupRules": [{"no": "id"}]})
    account.store.entries[record_id] = msgspec.structs.replace(spoiled, intent=intent)
    assert account.respond(raw).status == "observed"


def list_event(list_id: str, **request: Any) -> dict[str, Any]:
    parameters = {"ModifyManagedPrefixListRequest": {"PrefixListId": list_id, "CurrentVersion": 1, **request}}
    return event("", "ModifyManagedPrefixList", requestParameters=parameters)


def test_a_list_whose_entries_are_those_of_before_the_change_is_looked_at_again() -> None:
    account, later = watched()
    offices = prefix_list(account, "198.51.100.0/24")
    group_id = account.group(refers(22, offices))
    grown = list_event(offices, AddEntry={"Cidr": WORLD, "tag": 1})
    record = account.respond(grown)
    assert (record.status, record.resource.id) == ("observed", group_id)
    assert f"AWS does not show the change of {offices} yet" in record.summary
    assert account.respond(list_event(offices, PrefixListName="again")).status == "clean"
    account.ec2.modify_managed_prefix_list(PrefixListId=offices, CurrentVersion=1, AddEntries=[{"Cidr": WORLD}])
    assert next_look(account, later.tasks[0]).status == "mended"
    assert account.respond(grown).status == "clean"


def test_a_change_of_a_list_that_is_under_way_is_looked_at_again() -> None:
    account, later = watched()
    offices = prefix_list(account, "198.51.100.0/24")
    account.group(refers(22, offices))
    answer = account.groups.unhindered

    def under_way(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        result = answer(operation, params)
        for row in result.get("PrefixLists", ()):
            row["State"] = "modify-in-progress"
        return result

    account.groups.unhindered = under_way  # type: ignore[method-assign]
    assert account.respond(list_event(offices)).status == "observed"
    assert len(later.tasks) == 1


def test_where_nobody_comes_again_it_fails_so_that_lambda_or_the_person_tries_again() -> None:
    account = Account()
    record = account.respond(naming(account.group(), NEVER))
    assert record.status == "failed"
    assert "It is not known whether that is open. Try again in two minutes." in record.summary


def test_a_queue_that_does_not_take_it_fails_the_event_which_is_then_kept() -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, later=Refusing())
    record = account.respond(naming(account.group(), NEVER))
    assert (record.status, "sqs:SendMessage" in record.summary) == ("failed", True)


def test_the_message_has_room_in_the_queue_whatever_the_event_says() -> None:
    account, later = watched()
    raw = naming(account.group(), NEVER)
    raw["detail"]["requestParameters"]["ipPermissions"] = {"items": ["x" * 250_000]}
    assert account.respond(raw).status == "observed"
    (task,) = later.tasks
    assert len(task.body()) < 200_000
    assert (task.resource.parts, task.cause.time) == ((NEVER,), CALLED)


def test_a_group_that_an_event_names_by_its_name_alone_and_is_not_shown_yet_is_looked_at_again() -> None:
    account, later = watched()
    raw = event("", requestParameters={"groupName": "web"})
    record = account.respond(raw)
    assert (record.status, [task.resource.name for task in later.tasks]) == ("observed", ["web"])
    assert "AWS does not show web yet" in record.summary
    assert next_look(account, later.tasks[0]).status == "observed"
    assert account.respond({**raw, "detail": {**raw["detail"], "eventTime": "2026-11-24T06:00:00Z"}}).status == "clean"
