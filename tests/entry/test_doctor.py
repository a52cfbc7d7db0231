"""`cloudmend doctor` over the embedded AWS: a healthy deployment, and each illness named with the fix that heals it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

from cloudmend.aws.checks import Connect, connect
from cloudmend.aws.gateway import Gateway, SystemClock
from cloudmend.core.doctor.check import Answer, Check
from cloudmend.entry.doctoring import diagnose, doctor
from cloudmend.local.server import EmbeddedAws
from entry.test_cli import NOWHERE, cloudmend
from local.embedded.helpers import HANDLER, aws_cli, client, unheard

ROOT = Path(__file__).parents[2]
STACK = "cloudmend"
TRAIL = "management-events"
ADDED: dict[str, dict[str, Any]] = {
    "LedgerTable": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    },
    "ModeParameter": {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "/cloudmend/mode", "Type": "String", "Value": "as-deployed"},
    },
}
CHECKED = [
    *("Region", "Credentials", "Trail", "Stack", "Rule", "Pattern", "Target", "Permission", "Function"),
    *("Last errors", "Dead-letter queue", "Ledger", "Switch", "Policy", "Versions"),
]


def template() -> str:
    """The real template with a function that is inline, so that nothing has to be built, and a ledger."""
    read: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    inline = {"InlineCode": HANDLER, "Handler": "index.handler", "Runtime": "python3.13"}
    for resource in read["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("CodeUri", None)
            resource["Properties"].update(inline)
    read["Resources"] = {**ADDED, **read["Resources"]}
    return json.dumps(read)


class Patient:
    """A deployment, and what doctor says of it."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self._resources: dict[str, str] = {}

    def client(self, service: str) -> Any:
        return client(self.aws, service)

    def deploy(self, **parameters: str) -> None:
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=STACK, TemplateBody=template(), Parameters=given, Capabilities=["CAPABILITY_IAM"]
        )
        rows = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        self._resources = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}

    def trail(self) -> None:
        self.client("s3").create_bucket(Bucket="trails")
        self.client("cloudtrail").create_trail(Name=TRAIL, S3BucketName="trails", IsMultiRegionTrail=True)
        self.client("cloudtrail").start_logging(Name=TRAIL)

    def __getitem__(self, logical_id: str) -> str:
        return self._resources[logical_id]

    @property
    def rule(self) -> str:
        return self["ScheduledRule"]

    @property
    def function(self) -> str:
        return self["SecurityGroupRemediationLambda"]

    def log(self, message: str) -> None:
        logs, now_ms = self.client("logs"), int(datetime.now(UTC).timestamp() * 1000)
        logs.create_log_stream(logGroupName=self["RemediationLogGroup"], logStreamName="stream")
        logs.put_log_events(
            logGroupName=self["RemediationLogGroup"],
            logStreamName="stream",
            logEvents=[{"timestamp": now_ms, "message": message}],
        )

    def checks(self, connection: Connect | None = None) -> Mapping[str, Check]:
        made = diagnose(connection or connect(), STACK, None, datetime.now(UTC))
        return {check.title: check for check in made}

    def run(self, command: str) -> str:
        """A fix of the AWS CLI, carried out."""
        words = shlex.split(command)
        assert words[0] == "aws"
        # Without the option, the AWS CLI 1 sends SQS's requests to the host of the queue's URL.
        done = aws_cli(self.aws, "--endpoint-url", self.aws.endpoint, *words[1:])
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        for name, value in embedded.environment.items():
            monkeypatch.setenv(name, value)
        yield embedded


@pytest.fixture
def patient(aws: EmbeddedAws) -> Patient:
    healthy = Patient(aws)
    healthy.deploy()
    healthy.trail()
    return healthy


def test_a_healthy_deployment_is_well_in_every_point(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(STACK, None, as_json=False) == 0
    told = [(line[9:].partition(":")[0], line[:8].strip()) for line in capsys.readouterr().out.splitlines()]
    assert [title for title, _ in told if title != "Last sweep"] == CHECKED
    assert all(verdict == "ok" for title, verdict in told if title != "Last sweep")  # nothing has swept yet


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
        lambda_.remove_permission(FunctionName=patient.function, StatementId=statement["Sid"])


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
        (remove_target, "Target", "is no target"),
        (remove_permission, "Permission", "may not invoke"),
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
    patient.run(broken["fix"])
    assert patient.checks()[title].verdict == "ok"


def test_without_a_trail_that_is_the_one_thing_that_is_broken(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy()
    (broken,) = [check for check in patient.checks().values() if check.verdict == "broken"]
    assert broken.title == "Trail"
    assert broken.found == "No trail covers us-east-1: without one, EventBridge hears of no call."
    patient.client("s3").create_bucket(Bucket="trails")
    for command in broken.fix.replace("BUCKET", "trails").split(" && "):
        patient.run(command)
    assert patient.checks()["Trail"].verdict == "ok"


def test_a_trail_of_one_other_region_covers_nothing_here(aws: EmbeddedAws) -> None:
    client(aws, "s3").create_bucket(Bucket="trails")
    client(aws, "cloudtrail", region="eu-west-1").create_trail(Name=TRAIL, S3BucketName="trails")
    assert Patient(aws).checks()["Trail"].found.startswith("No trail covers us-east-1")


def test_a_trail_of_several_regions_is_asked_at_home(patient: Patient) -> None:
    patient.client("cloudtrail").delete_trail(Name=TRAIL)
    abroad = client(patient.aws, "cloudtrail", region="eu-west-1")
    abroad.create_trail(Name="everywhere", S3BucketName="trails", IsMultiRegionTrail=True)
    stopped = patient.checks()["Trail"]
    assert stopped.found.startswith("Trail everywhere (eu-west-1) is stopped")
    patient.run(stopped.fix)
    assert patient.checks()["Trail"].verdict == "ok"


def test_a_function_that_is_gone_is_named_once_and_the_rest_is_not_guessed(patient: Patient) -> None:
    patient.client("lambda").delete_function(FunctionName=patient.function)
    checks = patient.checks()
    assert checks["Function"].found == f"Function {patient.function} is gone."
    assert checks["Function"].fix.startswith("sam delete --stack-name cloudmend --region us-east-1 --no-prompts && ")
    gone = Answer.hidden("the function is gone.")
    assert checks["Permission"] == Check.of("Permission", gone)
    assert checks["Policy"] == Check.of("Policy", gone)


def test_a_rule_a_queue_and_a_table_that_are_gone_are_named(patient: Patient) -> None:
    remove_target(patient)
    patient.client("events").delete_rule(Name=patient.rule)
    patient.client("sqs").delete_queue(QueueUrl=patient["DeadLetterQueue"])
    patient.client("dynamodb").delete_table(TableName=patient["LedgerTable"])
    checks = patient.checks()
    gone = {title for title, check in checks.items() if check.verdict == "broken" and "is gone" in check.found}
    assert gone == {"Rule", "Dead-letter queue", "Ledger"}
    assert checks["Pattern"].verdict == "unknown"


def test_dead_letters_are_counted_and_the_fix_shows_the_event(patient: Patient) -> None:
    patient.client("sqs").send_message(QueueUrl=patient["DeadLetterQueue"], MessageBody='{"kept": "event"}')
    check = patient.checks()["Dead-letter queue"]
    assert (check.verdict, check.found[:13]) == ("broken", "1 event waits")
    look, handle = check.fix.split(" | ")
    assert json.loads(patient.run(look)) == {"kept": "event"}
    assert handle == "cloudmend invoke -e - --region us-east-1"


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
    patient.log('{"message": "about to change", "intent": {"code_version":"0.0.9"}}')
    check = patient.checks()["Versions"]
    assert (check.verdict, check.found) == ("warning", "cloudmend 0.1.0 is installed, 0.0.9 is deployed.")


def test_observing_and_a_switch_that_says_so_are_warnings_that_do_not_fail(aws: EmbeddedAws) -> None:
    patient = Patient(aws)
    patient.deploy(Mode="observe")
    patient.trail()
    patient.client("ssm").put_parameter(Name=patient["ModeParameter"], Value="observe", Overwrite=True)
    checks = patient.checks()
    assert checks["Policy"].found.endswith("What is at fault is only reported.")
    assert checks["Policy"].fix.endswith("--stack-name cloudmend Mode=fix")
    patient.run(checks["Switch"].fix)
    assert (checks["Switch"].verdict, patient.checks()["Switch"].verdict) == ("warning", "ok")
    assert doctor(STACK, None, as_json=False) == 0


def denied(aws: EmbeddedAws, *operations: str) -> Connect:
    """Real clients whose caller lacks these rights."""

    def refuse(model: Any, **_: Any) -> None:
        if model.name in operations:
            message = f"User is not authorized to perform: {model.name}"
            answer = {"Error": {"Code": "AccessDeniedException", "Message": message}}
            raise ClientError(answer, model.name)

    def refusing(service: str, region: str) -> Any:
        made = client(aws, service, region=region)
        made.meta.events.register("before-call", refuse)
        return made

    return lambda region: Gateway(region, lambda service: refusing(service, region), SystemClock())


RIGHTS = {
    "GetTrailStatus": "Trail",
    "DescribeRule": "Rule",
    "TestEventPattern": "Pattern",
    "ListTargetsByRule": "Target",
    "GetPolicy": "Permission",
    "GetFunctionConcurrency": "Function",
    "FilterLogEvents": "Last errors",
    "GetQueueAttributes": "Dead-letter queue",
    "DescribeTable": "Ledger",
    "GetParameter": "Switch",
}


def test_what_may_not_be_looked_at_is_unknown_and_says_which_right_is_missing(patient: Patient) -> None:
    allowed = patient.checks(denied(patient.aws, *RIGHTS.keys() - {"DescribeRule"}))
    checks = {**patient.checks(denied(patient.aws, *RIGHTS)), "Pattern": allowed["Pattern"]}
    for operation, title in RIGHTS.items():
        assert is_hidden(checks[title], operation)
    assert checks["Policy"].verdict == "ok"


@pytest.mark.parametrize(
    ("operation", "title"), [("DescribeTrails", "Trail"), ("DescribeStacks", "Stack"), ("ListStackResources", "Stack")]
)
def test_what_the_rest_depends_on_may_be_hidden_too(patient: Patient, operation: str, title: str) -> None:
    assert is_hidden(patient.checks(denied(patient.aws, operation))[title], operation)


def is_hidden(check: Check, operation: str) -> bool:
    reason = f"{operation} in us-east-1: AWS answered AccessDeniedException"
    assert check.verdict == "unknown"
    assert reason in check.found
    return check.found.endswith("Grant the caller that action.")


def test_where_there_is_no_stack_the_fix_deploys_one(aws: EmbeddedAws) -> None:
    check = Patient(aws).checks()["Stack"]
    assert (check.verdict, check.found) == ("broken", "There is no stack cloudmend in us-east-1.")
    assert check.fix == "scripts/deploy.sh --bucket BUCKET --region us-east-1 --stack-name cloudmend"


def test_a_stack_without_a_rule_is_not_cloudmend_s(aws: EmbeddedAws) -> None:
    only_a_queue = {"Resources": {"DeadLetterQueue": {"Type": "AWS::SQS::Queue"}}}
    client(aws, "cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(only_a_queue))
    assert Patient(aws).checks()["Rule"].found == "Stack cloudmend has no ScheduledRule."


def test_without_a_region_or_credentials_that_is_all_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(STACK, None, as_json=False) == 1
    assert capsys.readouterr().out == "broken   Region: No AWS Region is set.\n         fix: export AWS_REGION=REGION\n"
    assert doctor(STACK, "eu-west-1", as_json=False) == 1
    assert "broken   Credentials: sts:GetCallerIdentity in eu-west-1: There are no AWS" in capsys.readouterr().out


def test_a_profile_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    for region in (None, "eu-west-1"):
        assert doctor(STACK, region, as_json=False) == 1
        assert "The config profile (nobody) could not be found" in capsys.readouterr().out


def test_an_aws_that_does_not_answer_needs_no_other_credentials() -> None:
    done = cloudmend("doctor", **NOWHERE)
    assert (done.returncode, "no answer" in done.stdout, "fix:" in done.stdout) == (1, True, False)


def test_the_command_exits_1_where_something_is_broken_without_colour_and_2_for_bad_input(aws: EmbeddedAws) -> None:
    done = cloudmend("doctor", "--region", "us-east-1", **aws.environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b" not in done.stdout
    assert "broken   Stack: There is no stack cloudmend in us-east-1.\n         fix: scripts/deploy.sh" in done.stdout
    assert cloudmend("doctor", "--nonsense").returncode == 2
    assert "Example: cloudmend doctor" in cloudmend("doctor", "--help").stdout
