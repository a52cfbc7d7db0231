"""handle and mend: what is read, what is written, in which order, and how each obstacle ends."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import EventError
from cloudmend.core.model import Ignored, Intent, Record
from cloudmend.engine.sweep import Sweep
from cloudmend.local.ec2.checks import Ec2Error
from support import CLEAR, VPC, Account, event, ingress, ipv4, policy

WORLD, TEN = "0.0.0.0/0", "10.0.0.0/8"
DESCRIBE = "ec2:DescribeSecurityGroupRules"
GROUP = "ec2:DescribeSecurityGroups"
MODIFY = "ec2:ModifySecurityGroupRules"
REVOKE = "ec2:RevokeSecurityGroupIngress"
INTEND = "ledger:intend"
FINISH = "ledger:finish"


def refuse(code: str, status: int = 400, when: Callable[[Mapping[str, Any]], bool] = lambda _: True) -> Any:
    """An obstacle that answers with an error code."""

    def obstacle(params: Mapping[str, Any]) -> None:
        if when(params):
            raise Ec2Error(code, "refused by the test", status)

    return obstacle


def test_the_before_image_is_kept_before_the_first_write_and_the_proof_is_read_after_it() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD, "128.0.0.0/1"))
    before = account.rules(group_id)
    record = account.mend(group_id)
    assert account.calls == [DESCRIBE, GROUP, INTEND, MODIFY, REVOKE, DESCRIBE, FINISH]
    (intent,) = account.intents
    assert sorted(intent.before["SecurityGroupRules"], key=lambda row: row["SecurityGroupRuleId"]) == before
    assert [request.action for request in intent.requests] == [MODIFY, REVOKE]
    assert intent.event_name == "AuthorizeSecurityGroupIngress"
    assert record.status == "mended"


def test_an_intent_that_cannot_be_kept_stops_the_mend() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def lose(intent: Intent) -> None:
        raise OSError(f"disk full, {intent.resource.id}")

    account.ledger.intend = lose  # type: ignore[method-assign,assignment]
    record = account.mend(group_id)
    assert account.calls == [DESCRIBE, GROUP]
    assert (record.status, record.edits) == ("failed", ())
    assert "disk full" in record.summary


def test_a_record_says_who_what_before_after_why_and_how_long() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    identity = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory"}
    record = account.respond(event(group_id, userIdentity=identity))
    (edit,) = record.edits
    assert record.actor.arn == "arn:aws:iam::111122223333:user/mallory"
    assert (record.resource.id, record.account, record.region) == (group_id, "111122223333", "eu-west-1")
    assert (edit.before, edit.after) == ("tcp/22 from 0.0.0.0/0", "tcp/22 from 10.0.0.0/8")
    assert edit.why == ("tcp/22 from 0.0.0.0/0 opens tcp/22 to 3,702,258,688 public addresses; the limit is 1,048,576")
    assert record.seconds_since_call == 2.0
    assert record.summary == f"{account.label(group_id)}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8."
    assert json.loads(msgspec.json.encode(record))["status"] == "mended"


def test_the_record_s_undo_commands_give_the_group_back() -> None:
    account = Account()
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "net"}]}]
    group_id = account.group(ipv4(22, WORLD, Description="open; $(rm) {&} !"))
    permission = ipv4(3389, "128.0.0.0/1", Description="half")
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission], TagSpecifications=tags)
    before = account.rules(group_id)
    record = account.mend(group_id)
    for command in record.undo:
        run_command(account, command)
    assert comparable(account.rules(group_id)) == comparable(before)


def run_command(account: Account, command: str) -> None:
    """What the AWS CLI would do with `aws ec2 OPERATION --region R --cli-input-json JSON`."""
    aws, service, operation, region_flag, region, json_flag, body = shlex.split(command)
    assert (aws, service, region_flag, region, json_flag) == ("aws", "ec2", "--region", "eu-west-1", "--cli-input-json")
    getattr(account.ec2, operation.replace("-", "_"))(**json.loads(body))


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without the id of the revoked rule, which comes back under a new one."""
    new = ("SecurityGroupRuleId", "SecurityGroupRuleArn")
    kept = [row if row["FromPort"] != 3389 else {k: v for k, v in row.items() if k not in new} for row in rows]
    return sorted(kept, key=lambda row: (row["IsEgress"], row["FromPort"]))


def test_a_second_run_changes_nothing() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD, "0.0.0.0/1", "128.0.0.0/1"))
    account.mend(group_id)
    after = account.rules(group_id)
    record = account.mend(group_id)
    assert account.calls == [DESCRIBE, GROUP]
    assert record.status == "clean"
    assert account.rules(group_id) == after


def test_its_own_write_coming_back_costs_one_look() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.mend(group_id)
    rule_id = next(row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"])
    wrapper = {"GroupId": group_id, "SecurityGroupRule": {"SecurityGroupRuleId": rule_id, "tag": 1}}
    own = event(group_id, "ModifySecurityGroupRules", requestParameters={"ModifySecurityGroupRulesRequest": wrapper})
    record = account.respond(own)
    assert account.calls == [DESCRIBE, GROUP]
    assert record.status == "clean"


@pytest.mark.parametrize("code", ["Client.UnauthorizedOperation", "Client.DryRunOperation"])
def test_a_refused_call_is_neither_read_nor_written_for(code: str) -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    (ignored,) = account.handle(event(group_id, errorCode=code))
    assert isinstance(ignored, Ignored)
    assert account.calls == []


def test_a_call_that_no_control_watches_is_ignored_by_name() -> None:
    (answer,) = Account().handle(event("sg-05fe30eb67c909f27", "RebootInstances"))
    assert isinstance(answer, Ignored)
    assert answer.reason == "no control watches ec2.amazonaws.com RebootInstances"


def test_an_event_that_names_what_is_no_group_is_an_error_and_touches_nothing() -> None:
    account = Account()
    with pytest.raises(EventError, match=r"is not a group id.*requestParameters\.groupId"):
        account.handle(event("GROUP_ID"))
    assert account.calls == []


def test_an_event_that_names_nothing_leads_to_a_look_at_the_whole_region() -> None:
    account = Account()
    opened, _ = account.group(ipv4(22, WORLD)), account.group(ipv4(443, WORLD))
    records = account.handle(event("", requestParameters=None))
    (mended,) = [each for each in records if isinstance(each, Record) and each.control == CONTROL.id]
    assert (mended.status, mended.resource.id) == ("mended", opened)


def test_one_bad_event_among_several_hides_none_of_the_others() -> None:
    account = Account()
    first, last = account.group(ipv4(22, WORLD)), account.group(ipv4(22, WORLD))
    bodies = [event(first), {"detail": {}}, event(last)]
    with pytest.raises(EventError, match=r"In Records\[1\]\.body: .*has no \"detail\.eventName\""):
        account.handle({"Records": [{"body": json.dumps(body)} for body in bodies]})
    assert [(record.resource.id, record.status) for record in account.records] == [(first, "mended"), (last, "mended")]


def test_a_group_that_does_not_exist_is_said_to_be_gone() -> None:
    record = Account().respond(event("sg-05fe30eb67c909f27", eventTime="2026-11-24T06:50:00Z"))
    assert record.status == "gone"
    assert record.summary == "sg-05fe30eb67c909f27 does not exist in eu-west-1."


def test_a_group_without_any_rule_is_clean_not_gone() -> None:
    account = Account()
    group_id = account.group()
    rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(group_id)]
    account.ec2.revoke_security_group_egress(GroupId=group_id, SecurityGroupRuleIds=rule_ids)
    assert account.mend(group_id).status == "clean"


def test_in_observe_mode_it_says_what_it_would_do_and_writes_nothing() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD, "128.0.0.0/1"))
    before = account.rules(group_id)
    record = account.mend(group_id, mode="observe")
    assert account.calls == [DESCRIBE, GROUP]
    assert account.rules(group_id) == before
    assert record.status == "observed"
    assert "would have narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8" in record.summary
    assert "would have revoked tcp/22 from 128.0.0.0/1" in record.summary
    assert record.undo == ()


EXEMPTION = """
[[exemption]]
resource = "{group}"
owner = "net@example.com"
reason = "a bastion, until it moves"
expires = {expires}
"""


def test_what_is_exempt_is_left_open_with_owner_reason_and_expiry() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    record = account.mend(group_id, file=EXEMPTION.format(group=group_id, expires="2026-12-01"))
    assert (record.status, record.edits, account.intents) == ("exempt", (), [])
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, WORLD)}
    assert "by net@example.com until 2026-12-01" in record.decision
    assert "a bastion, until it moves" in record.summary


def test_an_exemption_that_expired_does_not_hold() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    record = account.mend(group_id, file=EXEMPTION.format(group=group_id, expires="2026-11-01"))
    assert record.status == "mended"
    assert "no longer exempt, because it expired" in record.decision


def test_a_vpc_may_be_observed_while_all_else_is_fixed() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    record = account.mend(group_id, file=f'[mode.vpc]\n"{VPC.id}" = "observe"\n')
    assert (record.status, account.intents) == ("observed", [])
    assert f"mode.vpc.{VPC.id} is observe" in record.summary


def test_a_replacement_by_the_vpc_s_own_block_is_read_from_aws() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD, "172.0.0.0/7", "192.0.0.0/2"))
    record = account.mend(group_id, file='[control.security_group_ingress.replacement]\nipv4 = "vpc"\n')
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, VPC.cidr)}
    assert any("the VPC has no private block inside 192.0.0.0/2" in edit.why for edit in record.edits)
    assert account.calls.count("ec2:DescribeVpcs") == 1


def test_a_policy_may_say_revoke() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    record = account.mend(group_id, file='[control.security_group_ingress.replacement]\nipv4 = "revoke"\n')
    assert ingress(account.rules(group_id)) == set()
    assert "revoked because the policy says so" in record.edits[0].why


def test_addresses_that_are_trusted_do_not_count() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "12.0.0.0/11"))
    assert (
        account.mend(group_id, file='[control.security_group_ingress.trusted]\nipv4 = ["12.16.0.0/12"]\n').status
        == "clean"
    )
    assert account.mend(group_id).status == "mended"


def swept(account: Account, **arguments: Any) -> Sweep:
    account.calls.clear()
    return engine.sweep(controls=[CONTROL], policy=policy(), world=account.world, **arguments)


def test_a_sweep_mends_what_no_event_reported() -> None:
    account = Account()
    opened, closed = account.group(ipv4(22, WORLD)), account.group(ipv4(443, WORLD))
    account.calls.clear()
    (record,) = swept(account).records
    assert (record.status, record.resource.id, record.event_name) == ("mended", opened, "Sweep")
    assert ingress(account.rules(closed)) == {("tcp", 443, 443, WORLD)}
    assert record.missed
    (clean,) = swept(account).records
    assert (clean.status, clean.summary) == ("clean", f"eu-west-1: {CLEAR}, not counting AWS's own prefix lists.")


def test_a_refused_batch_is_done_rule_by_rule() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(3389, WORLD))
    account.groups.before["ModifySecurityGroupRules"] = refuse(
        "InvalidParameterValue", when=lambda params: len(params["SecurityGroupRules"]) > 1
    )
    record = account.mend(group_id)
    assert account.calls == [DESCRIBE, GROUP, INTEND, MODIFY, MODIFY, MODIFY, DESCRIBE, FINISH]
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, TEN), ("tcp", 3389, 3389, TEN)}
    assert (record.status, len(record.edits), record.errors) == ("mended", 2, ())


def test_a_rule_that_aws_refuses_to_narrow_is_revoked() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(3389, WORLD))
    account.groups.before["ModifySecurityGroupRules"] = refuse("InvalidParameterValue")
    record = account.mend(group_id)
    assert account.calls == [DESCRIBE, GROUP, INTEND, MODIFY, MODIFY, REVOKE, MODIFY, REVOKE, DESCRIBE, FINISH]
    assert ingress(account.rules(group_id)) == set()
    assert record.status == "mended"
    assert all("revoked because AWS refused to narrow it" in edit.why for edit in record.edits)
    assert len(record.undo) == 2


def test_an_equal_rule_that_appears_meanwhile_leads_to_a_revocation() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def appear(_: Mapping[str, Any]) -> None:
        del account.groups.before["ModifySecurityGroupRules"]
        permissions = [ipv4(22, TEN)]
        account.groups.call("AuthorizeSecurityGroupIngress", {"GroupId": group_id, "IpPermissions": permissions})

    account.groups.before["ModifySecurityGroupRules"] = appear
    record = account.mend(group_id)
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, TEN)}
    assert record.status == "mended"


def test_a_rule_that_somebody_closes_meanwhile_is_success() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def close(params: Mapping[str, Any]) -> None:
        rule_ids = [rule["SecurityGroupRuleId"] for rule in params["SecurityGroupRules"]]
        account.groups.call("RevokeSecurityGroupIngress", {"GroupId": group_id, "SecurityGroupRuleIds": rule_ids})

    account.groups.before["ModifySecurityGroupRules"] = close
    record = account.mend(group_id)
    assert (record.status, record.edits, record.undo) == ("mended", (), ())
    assert "somebody else closed it first" in record.summary


def test_without_an_answer_nothing_more_is_written_and_the_proof_decides() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.groups.after["ModifySecurityGroupRules"] = refuse("InternalError", status=500)
    record = account.mend(group_id)
    assert REVOKE not in account.calls
    assert record.status == "mended"
    assert "InternalError" in record.errors[0]


def test_a_door_that_stays_open_is_never_called_mended() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.groups.before["ModifySecurityGroupRules"] = refuse("UnauthorizedOperation", status=403)
    account.groups.before["RevokeSecurityGroupIngress"] = refuse("UnauthorizedOperation", status=403)
    record = account.mend(group_id)
    assert record.status == "open"
    assert "STILL OPEN" in record.summary
    assert record.remaining
    assert "Grant the caller that action" in record.errors[0]


def opening_while_it_writes(account: Account, group_id: str, ports: list[int]) -> None:
    """Each write is followed at once by an opening of the next port."""

    def open_next(_: Mapping[str, Any]) -> None:
        if ports:
            permission = ipv4(ports.pop(0), WORLD)
            account.groups.unhindered(
                "AuthorizeSecurityGroupIngress", {"GroupId": group_id, "IpPermissions": [permission]}
            )

    account.groups.after["ModifySecurityGroupRules"] = open_next


def test_what_is_opened_while_a_mend_goes_on_is_mended_next() -> None:
    account = Account()
    group_id = account.group(ipv4(3389, WORLD))
    opening_while_it_writes(account, group_id, [22])
    record = account.mend(group_id)
    first, last = account.records
    assert (first.status, last.status, last) == ("mended", "mended", record)
    assert "Another finding appeared meanwhile" in first.summary
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, TEN), ("tcp", 3389, 3389, TEN)}
    assert len(account.intents) == 2


def test_somebody_who_opens_faster_than_it_closes_is_told_as_open() -> None:
    account = Account()
    group_id = account.group(ipv4(2000, WORLD))
    opening_while_it_writes(account, group_id, [2001, 2002, 2003, 2004])
    record = account.mend(group_id, guarded_ports="2000-2010")
    assert [each.status for each in account.records] == ["mended", "mended", "open"]
    assert "STILL OPEN: tcp/2003" in record.summary


def test_a_read_that_lags_after_the_write_is_read_again() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    first_answer_repeated(account, times=3)
    record = account.mend(group_id)
    assert account.calls.count(DESCRIBE) == 5
    assert record.status == "mended"


def first_answer_repeated(account: Account, times: int) -> None:
    """The first read is true; then some reads still show what the first one showed."""
    answer = account.groups.call
    shown: list[dict[str, Any]] = []

    def call(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if operation != "DescribeSecurityGroupRules":
            return answer(operation, params)
        shown.append(shown[0] if 1 <= len(shown) <= times else answer(operation, params))
        return shown[-1]

    account.groups.call = call  # type: ignore[method-assign]


def test_a_rule_that_the_event_names_and_the_answer_lacks_is_waited_for() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    (rule_id,) = (row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"])
    named = {"securityGroupRuleSet": {"items": [{"groupId": group_id, "securityGroupRuleId": rule_id}]}}
    answer, reads = account.groups.call, []

    def late(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        result = answer(operation, params)
        if operation == "DescribeSecurityGroupRules":
            reads.append(1)
        return {"SecurityGroupRules": []} if operation == "DescribeSecurityGroupRules" and len(reads) == 1 else result

    account.groups.call = late  # type: ignore[method-assign]
    record = account.respond(event(group_id, responseElements=named))
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, TEN)}


def test_an_unexpected_error_ends_in_a_record_that_says_so() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def crash(_: Mapping[str, Any]) -> None:
        raise ZeroDivisionError("a bug")

    account.groups.after["ModifySecurityGroupRules"] = crash
    record = account.mend(group_id)
    assert record.status == "failed"
    assert "cloudmend crashed: ZeroDivisionError: a bug" in record.summary
    assert account.records == [record]
