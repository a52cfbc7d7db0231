"""deploy.sh with the real SAM CLI onto the embedded AWS: what then runs is the deployed archive, in its own role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloudmend.controls import every
from cloudmend.core.ledger_records import LedgerRecords
from cloudmend.core.model import Resource
from cloudmend.core.notice.event import NoticeRequest, ask_for_notice
from cloudmend.core.ports import Leftover, PutOff
from cloudmend.lambda_.continuation import messages
from local.embedded.helpers import ACCOUNT
from walkthrough.conftest import run
from walkthrough.deployed import DEPLOY, PATIENCE_S, REMOVE, Deployed, an_account, intent, ssh_from, wait_for
from walkthrough.packaged import update
from walkthrough.template import RESPONDER, SWEEPER, UNDOER, allowed_to_controls, granted
from walkthrough.walkthrough import MENDED, comparable


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with an_account(tmp_path_factory.mktemp("sam")) as account:
        said = run(DEPLOY, account.environment).stdout
        assert "cloudmend watches us-east-1" in said
        (shown,) = re.findall(r"^  (cloudmend records .*)$", said, re.MULTILINE)
        assert "There is no record in table" in run(shown.split(), account.environment).stderr
        yield account


def test_a_group_opened_by_bad_boy_is_mended_by_the_deployed_function(deployed: Deployed) -> None:
    group_id = deployed.group("testing")
    run(["./bad_boy.sh", group_id], deployed.environment)
    wait_for(lambda: bool(deployed.records(group_id)))
    deployed.settle()
    words = ["aws", "ec2", "describe-security-groups", "--group-ids", group_id]
    assert comparable(run(words, deployed.environment).stdout) == MENDED


def test_a_group_opened_by_a_template_is_mended_and_the_stack_s_caller_is_named(deployed: Deployed) -> None:
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    properties = {"GroupDescription": "testing", "SecurityGroupIngress": [world]}
    template = {"Resources": {"Web": {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}}}
    stacks = deployed.client("cloudformation")
    stacks.create_stack(StackName="opens", TemplateBody=json.dumps(template))
    group_id = stacks.describe_stack_resources(StackName="opens")["StackResources"][0]["PhysicalResourceId"]
    wait_for(lambda: bool(deployed.records(group_id)))
    deployed.settle()
    mended = deployed.records(group_id)[0]

    assert (mended["status"], mended["event_name"]) == ("mended", "AuthorizeSecurityGroupIngress")
    assert (mended["actor"]["user_name"], mended["actor"]["invoked_by"]) == (
        "walkthrough",
        "cloudformation.amazonaws.com",
    )
    (shown,) = deployed.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert shown["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}]
    stacks.delete_stack(StackName="opens")


def test_the_calls_of_one_event_are_those_that_its_page_lists(deployed: Deployed) -> None:
    group_id, before = deployed.group("one-event"), len(deployed.aws.calls)
    deployed.open(group_id, "0.0.0.0/0")
    deployed.settle()
    calls = [call for call in deployed.aws.calls[before:] if RESPONDER in call.principal]
    made = {f"{call.service}:{call.operation}" for call in calls if call.service != "logs"}
    page = Path("docs/one-event.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| \d \| `(\w+:\w+)` \|", page, re.MULTILINE))
    remembered = {"ssm:GetParameter", "dynamodb:GetItem"}  # for half a minute; for good
    assert made | remembered == listed


def test_its_own_write_wakes_it_once_and_ends_there(deployed: Deployed) -> None:
    group_id = deployed.group("wakes-once")
    deployed.open(group_id, "0.0.0.0/0")
    deployed.settle()
    own, theirs = deployed.records(group_id)[::-1]
    assert (theirs["status"], theirs["event_name"]) == ("mended", "AuthorizeSecurityGroupIngress")
    assert (own["status"], own["event_name"]) == ("clean", "ModifySecurityGroupRules")
    assert "SecurityGroupRemediationRole" in own["actor"]["role_arn"]


def test_the_function_uses_exactly_the_rights_it_has(deployed: Deployed) -> None:
    group_id = deployed.group("rights")
    deployed.open(group_id, "0.0.0.0/0", "128.0.0.0/1")  # narrowed; revoked
    deployed.settle()
    deployed.refer_to_a_list_that_grows(group_id)  # the list and the groups that refer to it; revoked
    deployed.aws.put_event(named_only("nobody"))  # by its name, in the default VPC
    gone = deployed.group("gone")
    deployed.client("ec2").delete_security_group(GroupId=gone)
    deployed.aws.put_event(sample_event(gone))  # no rules: is there a group?
    deployed.settle()
    deployed.aws.put_event(sample_event("NO_ID"))  # it fails, and is kept
    place = f"{ACCOUNT}/us-east-1/security_group_ingress/{group_id}"  # as `cloudmend undo` says it
    asked = ask_for_notice(NoticeRequest(record=deployed.records(group_id)[0]["entry_id"], place=place))
    deployed.client("events").put_events(**asked.params)
    deployed.settle()
    assert deployed.used(RESPONDER) == granted(RESPONDER, security_hub=False)


def test_the_sweep_mends_what_no_event_reported_and_completes_what_a_crash_left(deployed: Deployed) -> None:
    group_id, left_behind = deployed.group("missed"), deployed.group("left-behind")
    with deployed.without_events():
        deployed.open(left_behind, "0.0.0.0/0")
        ec2, own = deployed.client("ec2"), [{"Name": "group-id", "Values": [left_behind]}]
        rules = ec2.describe_security_group_rules(Filters=own)["SecurityGroupRules"]
        crashed = intent(left_behind, *(rule for rule in rules if not rule["IsEgress"]))
        entry = deployed.ledger().intend(crashed)
        ec2.modify_security_group_rules(**crashed.requests[0].params)
        deployed.open(group_id, "0.0.0.0/0", "128.0.0.0/1")  # narrowed; revoked
        deployed.refer_to_a_list_that_grows(deployed.group("missed-list"), "branches")
        answer = deployed.invoke("SweepFunction")
    assert {record["status"] for record in answer["records"]} == {"mended"}
    # What was there before: seven settings as AWS gives them.
    assert (answer["digest"], answer["held"]) == (0, 7)
    assert answer["left"] == 0
    assert [record["missed"] for record in deployed.records(group_id)] == [True]
    (told,) = [record for record in deployed.records(left_behind) if record["status"] == "mended"]
    assert (told["entry_id"], len(told["edits"]), len(told["undo"])) == (entry.id, 1, 1)
    assert deployed.ledger().get(entry.id).state == "DONE"


def test_the_sweep_goes_on_with_what_is_in_its_queue(deployed: Deployed) -> None:
    group_id = deployed.group("left")
    with deployed.without_events():
        deployed.open(group_id, "0.0.0.0/0")
        body = next(
            messages(
                "us-east-1", [Leftover("security_group_ingress", Resource(type="AWS::EC2::SecurityGroup", id=group_id))]
            )
        )
        deployed.client("sqs").send_message(QueueUrl=deployed.resource("ContinuationQueue"), MessageBody=body)
        deployed.settle()
    assert [record["status"] for record in deployed.records(group_id)] == ["mended"]


def test_what_the_budget_put_off_is_taken_from_the_same_queue_when_it_is_due(deployed: Deployed) -> None:
    first, group_id = deployed.group("spends-the-budget"), deployed.group("put-off")
    with deployed.without_events():
        deployed.open(first, "0.0.0.0/0")
        deployed.open(group_id, "0.0.0.0/0")
    deployed.aws.put_event(sample_event(first))
    deployed.settle()
    deployed.configure("SecurityGroupRemediationLambda", CLOUDMEND_BUDGET="1")
    deployed.aws.put_event(sample_event(group_id))
    deployed.settle()
    deployed.configure("SecurityGroupRemediationLambda", CLOUDMEND_BUDGET="100")
    (refused,) = deployed.records(group_id)
    assert (refused["status"], refused["budget_spent"]) == ("observed", True)
    assert refused["retry_at"] is not None
    queue, sqs = deployed.resource("ContinuationQueue"), deployed.client("sqs")
    delayed = ["ApproximateNumberOfMessagesDelayed"]
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=delayed)["Attributes"] == {delayed[0]: "1"}
    sqs.send_message(QueueUrl=queue, MessageBody=put_off(group_id, refused).body())
    deployed.settle()
    _, mended = (record for record in deployed.records(group_id) if record["status"] != "clean")
    assert (mended["status"], mended["actor"], mended["missed"]) == ("mended", refused["actor"], False)
    assert mended["attribution"]["who"] == refused["attribution"]["who"] != "somebody unknown"


def put_off(group_id: str, refused: dict[str, Any]) -> PutOff:
    """What waits in the queue, but due now."""
    cause = {name: refused[name] for name in ("event_id", "account", "region", "actor")}
    call = {**cause, "source": "", "name": refused["event_name"], "time": None}
    resource = {"type": "AWS::EC2::SecurityGroup", "id": group_id}
    about = {name: refused[name] for name in ("account", "region", "control")}
    return msgspec.convert({**about, "due": datetime.now(UTC), "resource": resource, "cause": call}, PutOff)


def test_the_sweep_mends_all_regions_where_it_is_told_to(deployed: Deployed) -> None:
    elsewhere = deployed.client("ec2", "eu-west-1")
    others = ";".join(f"control.{each.id}.mode=off" for each in every() if each.id != "security_group_ingress")
    update(deployed, SweepRegions="all", Settings=others)
    deployed.settle()  # a deployment is swept too: a Region that is new to the stack gets its baseline first
    group_id = elsewhere.create_security_group(GroupName="far-away", Description="testing")["GroupId"]
    elsewhere.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ssh_from("0.0.0.0/0")])
    deployed.invoke("SweepFunction")
    deployed.settle()
    update(deployed, SweepRegions="own", Settings="")
    (record,) = deployed.records(group_id)
    assert (record["status"], record["region"], record["missed"]) == ("mended", "eu-west-1", True)
    person = {**deployed.environment, "CLOUDMEND_LEDGER_TABLE": deployed.resource("LedgerTable")}
    undo = ["cloudmend", "undo", record["entry_id"], "--for", "2h", "--reason", "no VPN yet"]
    run([*undo, "--region", "us-east-1"], person)  # where the ledger is, as the notice has it
    (group,) = elsewhere.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert [each["CidrIp"] for rule in group["IpPermissions"] for each in rule["IpRanges"]] == ["0.0.0.0/0"]
    run(
        ["cloudmend", "exempt", "remove", record["entry_id"], "--ledger", deployed.resource("LedgerTable")],
        deployed.environment,
    )


def test_the_sweep_uses_exactly_the_rights_it_has(deployed: Deployed) -> None:
    """After the three before it; and with a replacement that has to be looked up."""
    deployed.configure("SweepFunction", CLOUDMEND_REPLACEMENT_IPV4="vpc")
    with deployed.without_events():
        deployed.open(deployed.group("in-its-vpc"), "0.0.0.0/0")
        deployed.invoke("SweepFunction")
    deployed.invoke("SweepFunction", {"Records": [{"body": "nonsense"}]}, kind="Event")  # kept, in the end
    deployed.settle()
    own = granted(SWEEPER, security_hub=False)
    assert deployed.used(SWEEPER) - (allowed_to_controls(SWEEPER) - own) == own


def test_the_switch_stops_all_writes_without_a_deployment(deployed: Deployed) -> None:
    deployed.switch("observe")
    group_id = deployed.group("switched")
    deployed.open(group_id, "0.0.0.0/0")
    deployed.settle()
    assert [record["status"] for record in deployed.records(group_id)] == ["observed"]
    deployed.switch("as-deployed")


def named_only(name: str) -> dict[str, Any]:
    event = sample_event("")
    event["detail"]["requestParameters"] = {"groupName": name}
    return event


def sample_event(group_id: str) -> dict[str, Any]:
    """The example, of the account and Region that EventBridge puts into each event."""
    event = json.loads(Path("events/event.json").read_text().replace("sg-05fe30eb67c909f27", group_id))
    return {**event, "account": ACCOUNT, "region": "us-east-1"}


def test_a_person_in_the_undo_role_takes_a_mend_back_with_exactly_its_rights(deployed: Deployed) -> None:
    group_id = deployed.group("taken-back")
    deployed.open(group_id, "0.0.0.0/0", "128.0.0.0/1")  # narrowed; revoked
    deployed.settle()
    deployed.refer_to_a_list_that_grows(with_list := deployed.group("taken-back-list"), "vendors")
    deployed.settle()
    (record_id,) = {record["entry_id"] for record in deployed.records(group_id) if record["entry_id"]}
    person = deployed.assume(UNDOER)
    undo = ["cloudmend", "undo", record_id, "--for", "2h", "--reason", "no VPN yet"]
    run(undo, person)
    deployed.settle()
    (group,) = deployed.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    sources = [each["CidrIp"] for rule in group["IpPermissions"] for each in rule["IpRanges"]]
    assert sorted(sources) == ["0.0.0.0/0", "128.0.0.0/1"]
    assert {each["status"] for each in deployed.records(group_id)[-2:]} == {"exempt"}
    told = [each for each in deployed.records(group_id) if each["event_name"] == "Undo"]
    assert [each["actor"]["arn"].rpartition(":")[2].split("/")[0] for each in told] == ["assumed-role"]
    (exemption,) = deployed.ledger().exemptions(datetime.now(UTC)).held
    run(["cloudmend", "exempt", "remove", exemption.id], person)
    assert "There is no exemption other" in run(["cloudmend", "exempt", "remove", "other"], person, status=1).stderr
    deployed.settle()
    assert deployed.records(group_id)[-1]["event_name"] == "EndExemption"
    run(["cloudmend", "records"], person)
    (entry_of_list,) = {record["entry_id"] for record in deployed.records(with_list) if record["entry_id"]}
    run(["cloudmend", "undo", entry_of_list, "--for", "2h", "--reason", "no VPN yet"], person)
    deployed.client("ec2").delete_security_group(GroupId=group_id)
    assert "does not exist in us-east-1 any more" in run(undo, person, status=1).stderr
    needs_no_right = {"sts:GetCallerIdentity"}
    in_authorize = {"ec2:CreateTags"}  # a right to it, no call of it
    assert deployed.used(UNDOER) - needs_no_right == granted(UNDOER) - in_authorize


def test_an_event_that_cannot_be_understood_is_kept_whole_with_the_reason(deployed: Deployed) -> None:
    event = sample_event("GROUP_ID")
    deployed.aws.put_event(event)
    deployed.settle()
    kept = kept_of(event, deployed)
    assert "is not a group id" in kept["responsePayload"]["errorMessage"]
    assert kept["requestContext"]["approximateInvokeCount"] == 3


def kept_of(event: dict[str, Any], deployed: Deployed) -> dict[str, Any]:
    """Lambda's record of an event in the dead-letter queue."""
    queue, found = deployed.resource("DeadLetterQueue"), []
    while received := deployed.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(each["Body"]) for each in received]
    (kept,) = [body for body in found if body.get("requestPayload") == event]
    return dict(kept)


def test_an_event_of_another_account_is_kept_and_its_group_of_here_is_not_touched(deployed: Deployed) -> None:
    group_id = deployed.group("forwarded")
    with deployed.without_events():
        deployed.open(group_id, "0.0.0.0/0")
    event = {**sample_event(group_id), "account": "444455556666"}
    deployed.invoke("SecurityGroupRemediationLambda", event, kind="Event")
    deployed.settle()
    assert (
        "and cloudmend acts in Region us-east-1 and account"
        in kept_of(event, deployed)["responsePayload"]["errorMessage"]
    )
    assert {record["status"] for record in deployed.records(group_id)} == {"failed"}
    (group,) = deployed.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert group["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]


def test_a_young_event_whose_rule_is_not_there_waits_in_the_queue_and_troubles_nobody(deployed: Deployed) -> None:
    group_id = deployed.group("not-seen")
    rows = [{"groupId": group_id, "securityGroupRuleId": "sgr-0123456789abcdef0"}]
    event = sample_event(group_id)
    event["detail"] |= {
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "responseElements": {"securityGroupRuleSet": {"items": rows}},
    }
    failures = deployed.counted("Failed")
    deployed.aws.put_event(event)
    deployed.settle()
    (record,) = deployed.records(group_id)
    assert (record["status"], record["findings"]) == ("observed", [])
    assert record["retry_at"] is not None
    wait_for(lambda: len(deployed.records(group_id)) > 1)  # the queue gives it back when it is due
    assert deployed.counted("Failed") == failures


def test_a_call_that_was_refused_wakes_nobody(deployed: Deployed) -> None:
    before = len(deployed.aws.deliveries)
    with pytest.raises(Exception, match="DryRunOperation"):
        deployed.client("ec2").authorize_security_group_ingress(
            GroupId=deployed.group("dry"), IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0", DryRun=True
        )
    deployed.settle()
    assert len(deployed.aws.deliveries) == before


def test_the_timer_wakes_the_sweep_with_the_rights_of_its_role(deployed: Deployed) -> None:
    group_id = deployed.group("open-for-hours")
    with deployed.without_events():
        deployed.open(group_id, "0.0.0.0/0")
        deployed.aws.advance(timedelta(hours=6), PATIENCE_S)
    (woken,) = [each for each in deployed.aws.deliveries if each.rule.endswith(deployed.resource("SweepTimer"))]
    assert woken.error is None
    assert woken.target.endswith(f":function:{deployed.resource('SweepFunction')}")
    assert [record["status"] for record in deployed.records(group_id)] == ["mended"]


def test_removing_it_leaves_the_ledger_and_nothing_else_and_says_so(deployed: Deployed) -> None:
    """The last test of this file: the stack is gone after it."""
    table, key = deployed.resource("LedgerTable"), deployed.resource("NoticeKey")
    said = run(REMOVE, deployed.environment, typed="y\n").stdout
    assert f"The ledger stays too, the table {table}" in said
    assert deployed.client("dynamodb").list_tables()["TableNames"] == [table]
    assert any("SecurityGroupRules" in entry.intent.before for entry in LedgerRecords(deployed.ledger(table).entries()))
    assert not deployed.client("lambda").list_functions()["Functions"]
    assert not deployed.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert not deployed.client("events").list_rules()["Rules"]
    assert not deployed.client("scheduler").list_schedules()["Schedules"]
    assert not deployed.client("logs").describe_log_groups()["logGroups"]
    assert not [role for role in deployed.client("iam").list_roles()["Roles"] if "cloudmend" in role["RoleName"]]
    assert not deployed.client("sqs").list_queues().get("QueueUrls")
    assert not deployed.client("sns").list_topics()["Topics"]
    assert not deployed.client("ssm").describe_parameters()["Parameters"]
    assert key not in [each["KeyId"] for each in deployed.client("kms").list_keys()["Keys"]]
    assert not deployed.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not deployed.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert not deployed.client("s3").list_objects_v2(Bucket="cloudmend-packages").get("Contents")
