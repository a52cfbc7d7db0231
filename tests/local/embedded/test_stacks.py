"""Stacks: templates transformed and checked, updates that keep what AWS keeps, deletions that leave nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from cloudmend.local.runtime.process import RUNTIME
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import (
    ACCOUNT,
    SETTLE_S,
    TEMPLATE,
    allowing,
    aws_cli,
    client,
    deploy,
    outputs,
    put_event,
    trusting,
    with_properties,
    without,
)
from local.embedded.test_functions import OTHER_ARCHITECTURE


def update(aws: EmbeddedAws, template: dict[str, Any], **parameters: str) -> None:
    """Updates the stack `small` by way of a change set, as `aws cloudformation deploy` does."""
    cloudformation = client(aws, "cloudformation")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    change_set = cloudformation.create_change_set(
        StackName="small", ChangeSetName="update", TemplateBody=json.dumps(template), Parameters=given,
        ChangeSetType="UPDATE",
    )["Id"]  # fmt: skip
    cloudformation.execute_change_set(ChangeSetName=change_set)


def refusal(aws: EmbeddedAws, template: dict[str, Any] | str, **parameters: str) -> str:
    """What CloudFormation says to a template that it refuses."""
    body = template if isinstance(template, str) else json.dumps(template)
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    with pytest.raises(ClientError) as refused:
        client(aws, "cloudformation").create_stack(StackName="small", TemplateBody=body, Parameters=given)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    message: str = refused.value.response["Error"]["Message"]
    return message


def left(aws: EmbeddedAws) -> dict[str, list[Any]]:
    """All that a stack could have made."""
    return {
        "functions": client(aws, "lambda").list_functions()["Functions"],
        "rules": client(aws, "events").list_rules()["Rules"],
        "queues": client(aws, "sqs").list_queues().get("QueueUrls", []),
        "roles": client(aws, "iam").list_roles()["Roles"],
        "log groups": client(aws, "logs").describe_log_groups()["logGroups"],
        "alarms": client(aws, "cloudwatch").describe_alarms()["MetricAlarms"],
    }


def resource_types(aws: EmbeddedAws) -> set[str]:
    resources = client(aws, "cloudformation").describe_stack_resources(StackName="small")["StackResources"]
    return {resource["ResourceType"] for resource in resources}


def test_a_serverless_template_becomes_plain_resources(aws: EmbeddedAws) -> None:
    deploy(aws)

    assert resource_types(aws) == {
        "AWS::CloudWatch::Alarm",
        "AWS::Events::Rule",
        "AWS::IAM::Role",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
    }


def test_deleting_the_stack_leaves_nothing(aws: EmbeddedAws) -> None:
    before = left(aws)
    deploy(aws)
    put_event(aws)
    during = left(aws)
    client(aws, "cloudformation").delete_stack(StackName="small")

    assert all(during.values())
    assert left(aws) == before


def test_parameters_reach_the_function(aws: EmbeddedAws) -> None:
    assert deploy(aws, Setting="chosen")["Setting"] == "chosen"
    put_event(aws)

    assert aws.deliveries[0].invocations[0].payload["setting"] == "chosen"


def test_a_template_without_the_transform_is_taken_as_it_is(aws: EmbeddedAws) -> None:
    queue = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}}}

    assert deploy(aws, queue)["Queue"].startswith("https://sqs.us-east-1.")


@pytest.mark.parametrize("stage", ["Original", "Processed"])
def test_the_template_can_be_read_back_at_both_stages(aws: EmbeddedAws, stage: str) -> None:
    deploy(aws)
    body = client(aws, "cloudformation").get_template(StackName="small", TemplateStage=stage)["TemplateBody"]

    assert (body == TEMPLATE) is (stage == "Original")
    assert ("AWS::Serverless::Function" in json.dumps(body)) is (stage == "Original")


def test_an_update_changes_parameters_and_outputs(aws: EmbeddedAws) -> None:
    deploy(aws)
    update(aws, TEMPLATE, Setting="changed")
    put_event(aws)

    assert outputs(aws)["Setting"] == "changed"
    assert aws.deliveries[0].invocations[0].payload["setting"] == "changed"


def test_an_update_without_a_change_says_so(aws: EmbeddedAws) -> None:
    deploy(aws)
    update(aws, TEMPLATE, Setting="changed")
    cloudformation = client(aws, "cloudformation")
    again = cloudformation.create_change_set(
        StackName="small",
        ChangeSetName="again",
        TemplateBody=json.dumps(TEMPLATE),
        Parameters=[{"ParameterKey": "Setting", "ParameterValue": "changed"}],
        ChangeSetType="UPDATE",
    )["Id"]

    answer = cloudformation.describe_change_set(ChangeSetName=again)
    assert answer["Status"] == "FAILED"
    assert "didn't contain changes" in answer["StatusReason"]


def test_an_updated_rule_keeps_its_name_and_so_its_permission(aws: EmbeddedAws) -> None:
    name = deploy(aws)["RuleName"]
    update(aws, with_properties("Rule", EventPattern={"source": ["test"]}))
    put_event(aws, errorCode="now matched")

    assert outputs(aws)["RuleName"] == name
    assert [delivery.error for delivery in aws.deliveries] == [None]


def test_a_permission_that_an_update_takes_away_is_gone(aws: EmbeddedAws) -> None:
    deploy(aws)
    update(aws, without("Permission"))
    put_event(aws)

    assert [delivery.error for delivery in aws.deliveries] == ["NO_PERMISSIONS"]


def test_an_updated_log_group_stays_where_it_is(aws: EmbeddedAws) -> None:
    deploy(aws)
    update(aws, with_properties("LogGroup", RetentionInDays=7))

    (group,) = client(aws, "logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/small/stack", 7)
    client(aws, "cloudformation").delete_stack(StackName="small")
    assert left(aws)["log groups"] == []


def test_updated_settings_of_the_function_hold(aws: EmbeddedAws) -> None:
    deploy(aws)
    changed = with_properties("Function", EventInvokeConfig={"MaximumRetryAttempts": 1}, MemorySize=256)
    update(aws, changed)
    put_event(aws, fail=True)

    assert aws.deliveries[0].attempts == 2


def test_null_is_refused_wherever_it_stands(aws: EmbeddedAws) -> None:
    message = refusal(aws, with_properties("Rule", EventPattern={"source": ["test"], "detail": {"errorCode": [None]}}))

    path = "/Resources/Rule/Properties/EventPattern/detail/errorCode/0"
    assert message == f"[{path}] 'null' values are not allowed in templates"


def test_an_invalid_pattern_is_refused(aws: EmbeddedAws) -> None:
    assert "Event pattern is not valid" in refusal(aws, with_properties("Rule", EventPattern={"source": "test"}))


@pytest.mark.parametrize("resource_type", ["Custom::Thing", "AWS::Made::Up"])
def test_a_type_that_would_be_lost_is_refused(aws: EmbeddedAws, resource_type: str) -> None:
    template = {"Resources": {"Thing": {"Type": resource_type}}}

    assert f"the embedded AWS has no {resource_type}" in refusal(aws, template)


@pytest.mark.parametrize("asked", [{"Runtime": "python3.10"}, {"Architectures": [OTHER_ARCHITECTURE]}])
def test_a_function_that_cannot_run_on_this_machine_is_refused_before_anything_is_made(
    aws: EmbeddedAws, asked: dict[str, Any]
) -> None:
    before = left(aws)

    assert "Template error: The function Function asks for " in refusal(aws, with_properties("Function", **asked))
    assert left(aws) == before


def test_what_a_function_runs_on_may_be_a_parameter_and_an_update_keeps_it(aws: EmbeddedAws) -> None:
    parameters = {**TEMPLATE["Parameters"], "Runs": {"Type": "String", "Default": "python3.10"}}
    template = {**with_properties("Function", Runtime={"Ref": "Runs"}), "Parameters": parameters}

    assert "asks for " in refusal(aws, template)
    deploy(aws, template, Runs=RUNTIME)
    cloudformation = client(aws, "cloudformation")
    previous = [{"ParameterKey": "Runs", "UsePreviousValue": True}, {"ParameterKey": "Setting", "ParameterValue": "b"}]
    cloudformation.update_stack(StackName="small", TemplateBody=json.dumps(template), Parameters=previous)
    with pytest.raises(ClientError, match="asks for "):
        update(aws, template, Runs="python3.10")

    assert outputs(aws)["Setting"] == "b"


def test_what_the_text_of_a_template_does_not_show_is_refused_too(aws: EmbeddedAws) -> None:
    runtime = {"Fn::Join": ["", ["python", "3.10"]]}

    assert "The function Function asks for " in refusal(aws, with_properties("Function", Runtime=runtime))


def test_what_sam_refuses_is_refused_with_sams_reason(aws: EmbeddedAws) -> None:
    message = refusal(aws, with_properties("Function", Events=3))

    assert message.startswith("Transform AWS::Serverless-2016-10-31 failed with: ")
    assert "id [Function] is invalid" in message


@pytest.mark.parametrize("text", ["just text", "Resources: [", "{"])
def test_what_is_no_template_is_refused(aws: EmbeddedAws, text: str) -> None:
    assert refusal(aws, text).startswith("Template format error")


def test_a_parameter_is_held_to_its_constraints(aws: EmbeddedAws) -> None:
    assert refusal(aws, TEMPLATE, Setting="7") == (
        "Parameter 'Setting' failed to satisfy constraint: AllowedPattern is [a-z]+"
    )


def test_a_parameter_that_the_template_lacks_is_refused(aws: EmbeddedAws) -> None:
    assert refusal(aws, TEMPLATE, Sting="a") == "Parameters: [Sting] do not exist in the template"


def test_a_template_that_is_not_in_the_bucket_is_refused(aws: EmbeddedAws) -> None:
    client(aws, "s3").create_bucket(Bucket="artifacts")

    with pytest.raises(ClientError, match="cannot be read"):
        client(aws, "cloudformation").create_stack(
            StackName="small", TemplateURL=f"{aws.endpoint}/artifacts/absent.yaml"
        )


def test_the_aws_cli_packages_and_deploys_yaml_with_a_folder_of_code(aws: EmbeddedAws, tmp_path: Path) -> None:
    function = TEMPLATE["Resources"]["Function"]
    properties = {name: value for name, value in function["Properties"].items() if name != "InlineCode"}
    source, packaged = tmp_path / "template.yaml", tmp_path / "packaged.yaml"
    resources = {**TEMPLATE["Resources"], "Function": {**function, "Properties": {**properties, "CodeUri": "code"}}}
    source.write_text(yaml.safe_dump({**TEMPLATE, "Resources": resources}))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.py").write_text("def handler(event, context):\n    return 'from S3'\n")
    client(aws, "s3").create_bucket(Bucket="artifacts")

    package = aws_cli(
        aws, "cloudformation", "package", "--template-file", str(source), "--s3-bucket", "artifacts",
        "--output-template-file", str(packaged),
    )  # fmt: skip
    deployed = aws_cli(
        aws, "cloudformation", "deploy", "--template-file", str(packaged), "--stack-name", "small",
        "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", "Setting=chosen",
    )  # fmt: skip
    put_event(aws)
    aws.settle(SETTLE_S)

    assert package.returncode == 0, package.stderr
    assert deployed.returncode == 0, deployed.stderr
    assert aws.deliveries[0].invocations[0].payload == "from S3"
    assert outputs(aws)["Setting"] == "chosen"


def test_the_arn_of_a_log_group_ends_as_policies_need_it(aws: EmbeddedAws) -> None:
    output = {"Arn": {"Value": {"Fn::GetAtt": ["LogGroup", "Arn"]}}}
    deploy(aws, {**TEMPLATE, "Outputs": output})
    assert outputs(aws)["Arn"] == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/small/stack:*"


def role_template(*actions: str, managed: list[str], trusted: str) -> dict[str, Any]:
    """A stack of one role."""
    policy = json.loads(allowing(*actions))
    properties = {
        "RoleName": "mine",
        "AssumeRolePolicyDocument": json.loads(trusting({"Service": trusted})),
        "ManagedPolicyArns": managed,
        "Policies": [{"PolicyName": action.replace(":", "-"), "PolicyDocument": policy} for action in actions],
    }
    return {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}}


def test_a_role_has_the_policies_and_the_trust_of_its_template_after_an_update_too(aws: EmbeddedAws) -> None:
    iam, arn = client(aws, "iam"), "arn:aws:iam::aws:policy/{}"

    def told() -> tuple[list[str], list[str], str]:
        attached = iam.list_attached_role_policies(RoleName="mine")["AttachedPolicies"]
        trust = iam.get_role(RoleName="mine")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
        named = iam.list_role_policies(RoleName="mine")["PolicyNames"]
        return [each["PolicyName"] for each in attached], named, trust["Service"]

    first = role_template("sqs:ListQueues", managed=[arn.format("ReadOnlyAccess")], trusted="lambda.amazonaws.com")
    client(aws, "cloudformation").create_stack(StackName="small", TemplateBody=json.dumps(first))
    assert told() == (["ReadOnlyAccess"], ["sqs-ListQueues"], "lambda.amazonaws.com")
    iam.put_role_policy(RoleName="mine", PolicyName="by-hand", PolicyDocument=allowing("sns:*"))
    iam.attach_role_policy(RoleName="mine", PolicyArn=arn.format("SecurityAudit"))

    second = role_template("sns:Publish", managed=[], trusted="events.amazonaws.com")
    client(aws, "cloudformation").update_stack(StackName="small", TemplateBody=json.dumps(second))
    assert told() == (["SecurityAudit"], ["by-hand", "sns-Publish"], "events.amazonaws.com")

    iam.detach_role_policy(RoleName="mine", PolicyArn=arn.format("SecurityAudit"))
    client(aws, "cloudformation").delete_stack(StackName="small")
    assert iam.list_roles()["Roles"] == []
