"""What `cloudmend doctor` says where there is little to look at, or it may not look."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.doctor.patient import STACK, Patient
from cli.test_main import NOWHERE, cloudmend
from cloudmend.aws.gateway import Gateway, SystemClock
from cloudmend.aws.world import Connect
from cloudmend.cli.doctor.check import Check, exit_code
from cloudmend.cli.doctor.run import doctor
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client


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
    "ListRules": "Other stacks",
    "GetMetricData": "Runs",
    "GetTrailStatus": "Trail",
    "DescribeRule": "Rule",
    "TestEventPattern": "Pattern",
    "ListTargetsByRule": "Target",
    "GetPolicy": "Permission",
    "GetFunctionConcurrency": "Function",
    "FilterLogEvents": "Last errors",
    "GetQueueAttributes": "Dead-letter queue",
    "DescribeTable": "Ledger",
    "Query": "Records",
    "GetParameter": "Switch",
}


def test_what_may_not_be_looked_at_is_unknown_and_says_which_right_is_missing(patient: Patient) -> None:
    allowed = patient.checks(denied(patient.aws, *RIGHTS.keys() - {"DescribeRule"}))
    checks = {**patient.checks(denied(patient.aws, *RIGHTS)), "Pattern": allowed["Pattern"]}
    for operation, title in RIGHTS.items():
        assert is_hidden(checks[title], operation)
    assert checks["Policy"].verdict == "ok"
    assert exit_code(allowed.values()) == 1


def test_nothing_but_what_could_not_be_looked_at_is_not_well(patient: Patient) -> None:
    checks = patient.checks(denied(patient.aws, "DescribeTrails", "DescribeStacks"))
    assert [check.verdict for check in checks.values()] == ["ok", "ok", "unknown", "unknown"]
    assert exit_code(checks.values()) == 1


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
    assert check.fix == "./deploy.sh --bucket BUCKET --region us-east-1 --stack-name cloudmend Mode=observe"


def test_onto_a_stack_of_somebody_else_s_nothing_is_deployed(aws: EmbeddedAws) -> None:
    only_a_queue = {"Resources": {"DeadLetterQueue": {"Type": "AWS::SQS::Queue"}}}
    client(aws, "cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(only_a_queue))
    check = Patient(aws).checks()["Stack"]
    assert (check.verdict, check.fix) == ("broken", "")
    assert check.found.startswith("Stack cloudmend in us-east-1 is not cloudmend's.")


def test_a_stack_that_lacks_something_gets_it_by_a_deployment(aws: EmbeddedAws) -> None:
    older = {"Resources": {"SecurityGroupRemediationLambda": {"Type": "AWS::SQS::Queue"}}}
    client(aws, "cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(older))
    check = Patient(aws).checks()["Rule"]
    assert check.found == "Stack cloudmend has no ScheduledRule."
    assert check.fix == "./deploy.sh --bucket BUCKET --region us-east-1 --stack-name cloudmend"


def test_without_a_region_or_credentials_that_is_all_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(STACK, None, as_json=False) == 1
    assert capsys.readouterr().out == (
        "broken   Region: No AWS Region is set.\n         fix: export AWS_REGION=REGION\n\n1 check: 1 broken.\n"
    )
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
    assert "broken   Stack: There is no stack cloudmend in us-east-1.\n         fix: ./deploy.sh" in done.stdout
    assert cloudmend("doctor", "--nonsense").returncode == 2
    assert "Example: cloudmend doctor" in cloudmend("doctor", "--help").stdout
