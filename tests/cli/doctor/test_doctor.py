"""`cloudmend doctor` over a deployment: each illness named, and healed by the command that doctor prints."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cli.doctor.patient import STACK, TRAIL, Patient
from cloudmend.aws.ledger_items import put_entry, put_open
from cloudmend.cli.doctor.check import Answer, Check
from cloudmend.cli.doctor.run import _told, doctor
from cloudmend.cli.stack import event_rules
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.policy.model import name_of
from cloudmend.local.server import EmbeddedAws
from ledgers.values import intent
from local.embedded.helpers import SETTLE_S, client, open_to_the_world, trail_bucket

CHECKED = [
    *("Region", "Credentials", "Trail", "Stack", "Other stacks", "Rule", "Pattern", "Target", "Permission", "Function"),
    *(
        "Runs",
        "Last errors",
        "Dead-letter queue",
        "Ledger",
        "Records",
        "Last reads",
        "Sweeps",
        "Deployment rule",
        "Switch",
        "Policy",
        "Rights",
        "Undo role",
        "Undo notices",
        "Versions",
    ),
]


def test_a_healthy_deployment_is_well_in_every_point(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(STACK, None, as_json=True) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    told = {check["title"]: check["verdict"] for check in checks if check["title"] != "Last sweep"}  # none was yet
    assert list(told) == CHECKED
    assert set(told.values()) == {"ok"}


def stop_trail(patient: Patient) -> None:
    patient.client("cloudtrail").stop_logging(Name=TRAIL)


def leave_out_writes(patient: Patient) -> None:
    reads = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True, "DataResources": []}]
    patient.client("cloudtrail").put_event_selectors(TrailName=TRAIL, EventSelectors=reads)


def record_objects_alone(patient: Patient) -> None:
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    ]
    patient.client("cloudtrail").put_event_selectors(
        TrailName=TRAIL, AdvancedEventSelectors=[{"Name": "Objects", "FieldSelectors": fields}]
    )


def disable_rule(patient: Patient) -> None:
    patient.client("events").disable_rule(Name=patient.rule)


def narrow_pattern(patient: Patient) -> None:
    pattern = {"source": ["aws.ec2"], "detail": {"eventName": ["AuthorizeSecurityGroupIngress"]}}
    patient.client("events").put_rule(Name=patient.rule, EventPattern=json.dumps(pattern))


def remove_target(patient: Patient) -> None:
    patient.client("events").remove_targets(Rule=patient.rule, Ids=["SecurityGroupRemediationLambda"])


def remove_permission(patient: Patient) -> None:
    lambda_ = patient.client("lambda")
    policy = json.loads(lambda_.get_policy(FunctionName=patient.function)["Policy"])
    for statement in policy["Statement"]:
        if patient["NoticeRequestRule"] not in json.dumps(statement):
            lambda_.remove_permission(FunctionName=patient.function, StatementId=statement["Sid"])


def disable_notices(patient: Patient) -> None:
    patient.client("events").disable_rule(Name=patient["NoticeRequestRule"])


def narrow_notices(patient: Patient) -> None:
    pattern = json.dumps({"source": ["cloudmend.undo"], "detail": {"record": ["none"]}})
    patient.client("events").put_rule(Name=patient["NoticeRequestRule"], EventPattern=pattern)


def lose_notices(patient: Patient) -> None:
    patient.client("events").remove_targets(Rule=patient["NoticeRequestRule"], Ids=["SecurityGroupRemediationLambda"])


def forbid_notices(patient: Patient) -> None:
    lambda_ = patient.client("lambda")
    policy = json.loads(lambda_.get_policy(FunctionName=patient.function)["Policy"])
    for statement in policy["Statement"]:
        if patient["NoticeRequestRule"] in json.dumps(statement):
            lambda_.remove_permission(FunctionName=patient.function, StatementId=statement["Sid"])


def disable_deployments(patient: Patient) -> None:
    patient.client("events").disable_rule(Name=patient["DeploymentRule"])


def narrow_deployments(patient: Patient) -> None:
    pattern = json.dumps({"source": ["aws.cloudformation"], "detail": {"stack-id": ["another"]}})
    patient.client("events").put_rule(Name=patient["DeploymentRule"], EventPattern=pattern)


def lose_deployments(patient: Patient) -> None:
    patient.client("events").remove_targets(Rule=patient["DeploymentRule"], Ids=["SweepFunction"])


def delete_deployments(patient: Patient) -> None:
    lose_deployments(patient)
    patient.client("events").delete_rule(Name=patient["DeploymentRule"])


def forbid_deployments(patient: Patient) -> None:
    lambda_, name = patient.client("lambda"), patient["SweepFunction"]
    policy = json.loads(lambda_.get_policy(FunctionName=name)["Policy"])
    for statement in policy["Statement"]:
        if patient["DeploymentRule"] in json.dumps(statement):
            lambda_.remove_permission(FunctionName=name, StatementId=statement["Sid"])


def reserve_nothing(patient: Patient) -> None:
    patient.client("lambda").put_function_concurrency(FunctionName=patient.function, ReservedConcurrentExecutions=0)


@pytest.mark.parametrize(
    ("fall_ill", "title", "found"),
    [
        (stop_trail, "Trail", "is stopped"),
        (leave_out_writes, "Trail", "leaves out management write events"),
        (record_objects_alone, "Trail", "leaves out management write events"),
        (disable_rule, "Rule", "is DISABLED"),
        (narrow_pattern, "Pattern", "does not match a sample event of ModifyManagedPrefixList"),
        (remove_target, "Target", "is not a target"),
        (remove_permission, "Permission", "cannot invoke"),
        (disable_notices, "Undo notices", "is DISABLED: nobody is notified of an undo or an exemption"),
        (narrow_notices, "Undo notices", "nobody is notified of an undo or an exemption"),
        (lose_notices, "Undo notices", "is not a target"),
        (forbid_notices, "Undo notices", "cannot invoke"),
        (disable_deployments, "Deployment rule", "is DISABLED: no sweep starts when the stack is deployed or updated"),
        (narrow_deployments, "Deployment rule", "is not the template's"),
        (lose_deployments, "Deployment rule", "is not a target"),
        (delete_deployments, "Deployment rule", "is gone: no sweep starts when the stack is deployed or updated"),
        (forbid_deployments, "Deployment rule", "cannot invoke"),
        (reserve_nothing, "Function", "reserved concurrency of 0"),
    ],
)
def test_an_illness_is_named_and_its_fix_heals_it(
    patient: Patient,
    capsys: pytest.CaptureFixture[str],
    fall_ill: Callable[[Patient], None],
    title: str,
    found: str,
) -> None:
    fall_ill(patient)
    assert doctor(STACK, None, as_json=True) == 1
    told = json.loads(capsys.readouterr().out)["checks"]
    (broken,) = [check for check in told if check["verdict"] == "broken"]
    assert broken["title"] == title
    assert found in broken["found"]
    for command in broken["fix"].split(" && "):
        patient.run(command)
    assert patient.checks()[title].verdict == "ok"


FIRST, *OTHERS = (each.id for each in event_rules())  # one a service, all made alike


@pytest.mark.parametrize("logical_id", [FIRST, *(pytest.param(each, marks=pytest.mark.deep) for each in OTHERS)])
def test_each_rule_that_wakes_the_function_is_looked_at(patient: Patient, logical_id: str) -> None:
    events, name = patient.client("events"), patient[logical_id]
    events.disable_rule(Name=name)
    disabled = patient.checks()["Rule"]
    assert f"Rule {name} is DISABLED: nothing wakes the function for " in disabled.found
    patient.run(disabled.fix)
    before = json.loads(events.describe_rule(Name=name)["EventPattern"])
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.none"]}))
    events.remove_targets(Rule=name, Ids=["SecurityGroupRemediationLambda"])
    checks = patient.checks()
    ill = {title for title, check in checks.items() if check.verdict == "broken"}
    assert ill == {"Pattern", "Target"}
    for title in ill:
        assert name in checks[title].found
        patient.run(checks[title].fix)
    after = json.loads(events.describe_rule(Name=name)["EventPattern"])
    before["detail"]["eventName"].sort()
    assert after == before
    assert not [check for check in patient.checks().values() if check.verdict == "broken"]


def test_a_control_that_the_policy_lets_mend_without_the_right_to_is_named(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(Settings="control.s3_bucket_block_public_access.mode=fix")
    check = patient.checks()["Rights"]
    assert (check.verdict, check.fix.split()[-1]) == ("broken", "S3BucketBlockPublicAccessRights=fix")
    assert "s3_bucket_block_public_access is to mend (control.s3_bucket_block_public_access.mode is fix)" in check.found


def test_a_right_to_write_that_no_mode_needs_is_a_warning(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(S3BucketBlockPublicAccessRights="fix")
    check = patient.checks()["Rights"]
    assert (check.verdict, check.fix.split()[-1]) == ("warning", "S3BucketBlockPublicAccessRights=observe")


def test_the_right_and_the_mode_together_are_well(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(S3BucketBlockPublicAccessRights="fix", Settings="control.s3_bucket_block_public_access.mode=fix")
    assert patient.checks()["Rights"].verdict == "ok"


def test_the_rules_of_a_control_that_is_off_are_not_missed(aws: EmbeddedAws) -> None:
    patient, off = Patient(aws), ("security_group_ingress", "default_security_group", "sqs_policy_public")
    patient.deploy(
        **{f"{name_of(name)}Rights": "off" for name in off},
        Settings=";".join(f"control.{name}.mode=off" for name in off),
    )
    assert patient.client("events").describe_rule(Name=patient.rule)["State"] == "DISABLED"
    checks = patient.checks()
    left = len(event_rules(off))
    assert checks["Rule"].found == f"The state of all {left} event rules is ENABLED."
    assert not [title for title, check in checks.items() if check.verdict == "broken"]


def test_a_stack_that_only_observes_holds_no_right_to_write(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(Mode="observe")
    iam = patient.client("iam")
    attached = iam.list_attached_role_policies(RoleName=patient["SweepRole"])["AttachedPolicies"]
    documents = [
        iam.get_policy_version(PolicyArn=each["PolicyArn"], VersionId="v1")["PolicyVersion"]["Document"]
        for each in attached
    ]
    allowed = [each for made in documents for each in made["Statement"] if each["Effect"] == "Allow"]
    assert {each["Sid"] for each in allowed} >= {"SecurityGroupIngressRead", "SqsPolicyPublicRead"}
    assert not [each["Sid"] for each in allowed if "Mend" in each["Sid"]]
    assert patient.checks()["Rights"].verdict == "ok"


def test_without_a_trail_that_is_the_one_thing_that_is_broken(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy()
    patient.client("cloudtrail").delete_trail(Name=TRAIL)
    (broken,) = [check for check in patient.checks().values() if check.verdict == "broken"]
    assert broken.title == "Trail"
    assert broken.found == "No trail covers us-east-1: without one, EventBridge receives no API calls."
    trail_bucket(aws)
    for command in broken.fix.replace("BUCKET", "trails").split(" && "):
        patient.run(command)
    assert patient.checks()["Trail"].verdict == "ok"


def test_a_trail_of_one_other_region_covers_nothing_here(aws: EmbeddedAws) -> None:
    client(aws, "cloudtrail").delete_trail(Name=TRAIL)
    bucket = trail_bucket(aws)
    client(aws, "cloudtrail", region="eu-west-1").create_trail(Name=TRAIL, S3BucketName=bucket)
    assert Patient(aws).checks()["Trail"].found.startswith("No trail covers us-east-1")


def test_a_trail_of_several_regions_is_asked_at_home(patient: Patient) -> None:
    patient.client("cloudtrail").delete_trail(Name=TRAIL)
    abroad = client(patient.aws, "cloudtrail", region="eu-west-1")
    abroad.create_trail(Name="everywhere", S3BucketName=trail_bucket(patient.aws), IsMultiRegionTrail=True)
    stopped = patient.checks()["Trail"]
    assert stopped.found.startswith("Trail everywhere (eu-west-1) is stopped")
    patient.run(stopped.fix)
    assert patient.checks()["Trail"].verdict == "ok"


def test_a_function_that_is_gone_is_named_once_and_the_rest_is_not_guessed(patient: Patient) -> None:
    patient.client("lambda").delete_function(FunctionName=patient.function)
    checks = patient.checks()
    assert checks["Function"].found.startswith(f"Function {patient.function} is gone. ")
    assert checks["Function"].fix.startswith("./deploy.sh --remove --yes --bucket BUCKET --region us-east-1 ")
    gone = Answer.hidden("the function is gone.")
    assert checks["Permission"] == Check.of("Permission", gone)
    assert checks["Policy"] == Check.of("Policy", gone)


def test_a_rule_and_a_queue_that_are_gone_are_named(patient: Patient) -> None:
    remove_target(patient)
    patient.client("events").delete_rule(Name=patient.rule)
    patient.client("sqs").delete_queue(QueueUrl=patient["DeadLetterQueue"])
    checks = patient.checks()
    gone = {title for title, check in checks.items() if check.verdict == "broken" and "is gone" in check.found}
    assert gone == {"Rule", "Dead-letter queue"}
    assert checks["Pattern"].verdict == "unknown"


def test_dead_letters_are_counted_and_the_fix_shows_the_event(patient: Patient) -> None:
    patient.client("sqs").send_message(QueueUrl=patient["DeadLetterQueue"], MessageBody='{"kept": "event"}')
    check = patient.checks()["Dead-letter queue"]
    assert (check.verdict, check.found[:13]) == ("broken", "1 event waits")
    look, handle = check.fix.split(" | ")
    assert json.loads(patient.run(look)) == {"kept": "event"}
    assert handle == "cloudmend invoke -e - --stack-name cloudmend --region us-east-1"


def test_a_record_that_cannot_be_read_is_named_and_an_exemption_is_a_warning(patient: Patient) -> None:
    dynamodb, table = patient.client("dynamodb"), patient["LedgerTable"]
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "exemptions"}, "sk": {"S": "e-1\x1b[2J"}})
    check = patient.checks()["Records"]
    assert (check.verdict, check.found[:31]) == ("warning", "Exemption e-1[2J cannot be read")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "open"}, "sk": {"S": "sg-1/20261124T070000.000001Z-1a2b3c4d"}})
    check = patient.checks()["Records"]
    assert check.verdict == "broken"
    assert check.found.startswith("Record sg-1/20261124T070000.000001Z-1a2b3c4d is open, and is not there. When it is")
    assert check.found.endswith(" 1 more cannot be read.")


def test_a_mend_that_no_sweep_completes_is_a_warning(patient: Patient) -> None:
    entry = LedgerRecord.of(intent(), datetime(2026, 1, 1, tzinfo=UTC), bytes(5))
    for write in (put_entry(entry), put_open(entry)):
        patient.client("dynamodb").put_item(TableName=patient["LedgerTable"], **write["Put"])
    check = patient.checks()["Records"]
    assert (check.verdict, check.found[:55]) == ("warning", "1 mend did not end, and no sweep completed them. The ol")


def test_errors_in_the_log_are_a_warning_and_hostile_text_stays_on_its_line(patient: Patient) -> None:
    patient.log(json.dumps({"level": "ERROR", "message": "sg-1: still open\n\x1b[2Jok       All is well"}))
    check = patient.checks()["Last errors"]
    assert check.verdict == "warning"
    assert check.found.endswith("sg-1: still open [2Jok All is well")
    assert "sg-1: still open" in patient.run(check.fix)


def test_a_log_group_that_is_gone_is_named_and_made_again(patient: Patient) -> None:
    patient.client("logs").delete_log_group(logGroupName=patient["RemediationLogGroup"])
    check = patient.checks()["Last errors"]
    assert (check.verdict, check.found[:39]) == ("broken", "Log group /cloudmend/cloudmend is gone:")
    patient.run(check.fix)
    assert patient.checks()["Last errors"].verdict == "ok"


def test_another_version_than_the_deployed_one_is_a_warning(patient: Patient) -> None:
    patient.log('{"message":"no news","service":"cloudmend","code_version":"0.0.9"}')
    check = patient.checks()["Versions"]
    assert (check.verdict, check.found) == ("warning", "cloudmend 0.1.0 is installed, 0.0.9 is deployed.")


def test_observing_and_a_switch_that_says_so_are_warnings_that_do_not_fail(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(Mode="observe")
    patient.client("ssm").put_parameter(Name=patient["ModeParameter"], Value="observe", Overwrite=True)
    checks = patient.checks()
    assert "What is at fault is only reported." in checks["Policy"].found
    assert "what is at fault is only reported until it says as-deployed again" in checks["Switch"].found
    assert [checks[title].verdict for title in ("Policy", "Switch")] == ["warning", "warning"]
    assert doctor(STACK, None, as_json=False) == 0


def test_no_command_is_printed_that_ends_what_somebody_meant(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(Mode="observe")
    patient.client("ssm").put_parameter(Name=patient["ModeParameter"], Value="observe", Overwrite=True)
    checks = patient.checks()
    assert (checks["Policy"].fix, checks["Switch"].fix) == ("", "")


def test_a_function_that_is_gone_comes_back_in_a_stack_with_its_parameters_that_observes(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(Mode="fix", GuardedPorts="22,5432", NoticeEmail="somebody@example.com")
    patient.client("lambda").delete_function(FunctionName=patient.function)
    delete, deploy = patient.checks()["Function"].fix.split(" && ")
    assert delete == "./deploy.sh --remove --yes --bucket BUCKET --region us-east-1 --stack-name cloudmend"
    words = shlex.split(deploy)
    assert words[:7] == shlex.split("./deploy.sh --bucket BUCKET --region us-east-1 --stack-name cloudmend")
    given = dict(word.split("=", 1) for word in words[7:])
    (stack,) = patient.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    before = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"] if each["ParameterValue"]}
    assert given == {**before, "Mode": "observe"}
    assert given["GuardedPorts"] == "22,5432"


def test_a_rule_that_is_gone_is_made_again_as_it_was(patient: Patient) -> None:
    events = patient.client("events")
    before = events.describe_rule(Name=patient.rule), events.list_targets_by_rule(Rule=patient.rule)["Targets"]
    remove_target(patient)
    events.delete_rule(Name=patient.rule)
    for command in patient.checks()["Rule"].fix.split(" && "):
        patient.run(command)
    assert events.list_targets_by_rule(Rule=patient.rule)["Targets"] == before[1]
    assert events.describe_rule(Name=patient.rule)["Arn"] == before[0]["Arn"]
    checks = patient.checks()
    assert [checks[title].verdict for title in ("Rule", "Pattern", "Target", "Permission")] == ["ok"] * 4


def test_a_queue_that_is_gone_is_made_again_and_lets_the_rule_in(patient: Patient) -> None:
    sqs = patient.client("sqs")
    names = ["MessageRetentionPeriod", "QueueArn"]
    before = sqs.get_queue_attributes(QueueUrl=patient["DeadLetterQueue"], AttributeNames=names)["Attributes"]
    sqs.delete_queue(QueueUrl=patient["DeadLetterQueue"])
    patient.run(patient.checks()["Dead-letter queue"].fix)
    after = sqs.get_queue_attributes(QueueUrl=patient["DeadLetterQueue"], AttributeNames=names)["Attributes"]
    assert after == before
    remove_permission(patient)
    open_to_the_world(patient.aws)
    patient.aws.settle(SETTLE_S)
    assert patient.checks()["Dead-letter queue"].found.startswith("1 event waits")


def test_a_switch_that_is_gone_is_made_again_and_takes_nothing_but_modes(patient: Patient) -> None:
    ssm, name = patient.client("ssm"), patient["ModeParameter"]
    ssm.delete_parameter(Name=name)
    check = patient.checks()["Switch"]
    assert (check.verdict, check.found) == ("warning", f"The switch {name} is gone: nothing can be switched.")
    patient.run(check.fix)
    assert patient.checks()["Switch"].verdict == "ok"
    (described,) = ssm.describe_parameters()["Parameters"]
    assert described["AllowedPattern"] == "^(as-deployed|fix|observe)$"


def test_a_function_that_fails_at_each_event_is_broken_until_one_succeeds(
    patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        patient.invoke("SecurityGroupRemediationLambda", fail=True)
    check = patient.checks()["Runs"]
    assert check.verdict == "broken"
    assert f"Function {patient.function} failed at each of its last 2 invocations, since 20" in check.found
    assert "asked to fail" in patient.run(check.fix)
    assert doctor(STACK, None, as_json=True) == 1
    capsys.readouterr()
    patient.invoke("SecurityGroupRemediationLambda")
    check = patient.checks()["Runs"]
    assert (check.verdict, check.found.endswith(", 2 of them failed.")) == ("warning", True)


def test_a_sweep_that_fails_each_time_is_broken_though_there_was_one(patient: Patient) -> None:
    patient.invoke("SweepFunction", fail=True)
    checks = patient.checks()
    assert (checks["Last sweep"].verdict, checks["Sweeps"].verdict, checks["Runs"].verdict) == ("ok", "broken", "ok")


def test_another_stack_in_the_region_is_found_by_its_rule(patient: Patient) -> None:
    another = Patient(patient.aws)
    another.deploy("second")
    check = patient.checks()["Other stacks"]
    assert check.verdict == "warning"
    assert check.found.startswith("In us-east-1 stack second is cloudmend's too: both act on the same calls")
    assert check.fix == "cloudmend doctor --stack-name second --region us-east-1"
    assert another.checks(stack="second")["Other stacks"].fix.endswith("--stack-name cloudmend --region us-east-1")


def test_whoever_else_listens_to_the_same_calls_is_no_stack_of_cloudmend_s(patient: Patient) -> None:
    pattern = {"source": ["aws.ec2"], "detail": {"eventName": ["AuthorizeSecurityGroupIngress"]}}
    patient.client("events").put_rule(Name="by-hand", EventPattern=json.dumps(pattern))
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    template = json.dumps({"Resources": {"Audit": rule}})
    patient.client("cloudformation").create_stack(StackName="audit", TemplateBody=template)
    assert patient.checks()["Other stacks"].verdict == "ok"


def test_a_stack_of_somebody_else_with_a_rule_of_the_same_name_is_not_cloudmend_s(patient: Patient) -> None:
    pattern = {"source": ["aws.ec2"], "detail": {"eventName": ["AuthorizeSecurityGroupIngress"]}}
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    template = json.dumps({"Resources": {"ScheduledRule": rule}})
    patient.client("cloudformation").create_stack(StackName="audit", TemplateBody=template)
    assert patient.checks()["Other stacks"].verdict == "ok"
    check = patient.checks(stack="audit")["Stack"]
    assert check.found.startswith("Stack audit in us-east-1 is not cloudmend's. In this Region, cloudmend is deployed")


def test_where_the_stack_is_not_the_one_that_is_there_is_named(patient: Patient) -> None:
    check = patient.checks(stack="cluodmend")["Stack"]
    assert (
        check.found
        == "There is no stack cluodmend in us-east-1. In this Region, cloudmend is deployed as stack cloudmend."
    )
    assert check.fix == "cloudmend doctor --stack-name cloudmend --region us-east-1"


@pytest.mark.parametrize(
    ("principal", "verdict"),
    [
        ("", "ok"),
        ("arn:aws:iam::123456789012:role/Admin", "ok"),
        ("arn:aws:iam::111122223333:role/Admin", "warning"),
        ("arn:aws-us-gov:iam::123456789012:role/Admin", "warning"),
    ],
)
def test_an_undo_role_that_lets_nobody_in_is_a_warning(aws: EmbeddedAws, principal: str, verdict: str) -> None:
    patient = Patient(aws)
    patient.deploy(UndoPrincipal=principal)
    assert patient.checks()["Undo role"].verdict == verdict


def test_what_an_owner_of_an_exemption_chose_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    list(_told([Check("Policy", "ok", "Left open: sg-1, by \x1b[2Jred\nok       All is well.")]))
    assert capsys.readouterr().out == "ok       Policy: Left open: sg-1, by [2Jred ok All is well.\n\n1 check: 1 ok.\n"
