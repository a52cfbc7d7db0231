"""Deployed functions: invoked over the wire, with their role, their settings and their log."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import (
    ACCOUNT,
    HANDLER,
    LAMBDA,
    SETTLE_S,
    allowing,
    archive,
    aws_cli,
    client,
    deploy,
    messages,
    role,
    trusting,
    unheard,
    with_properties,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role/mine"
RIGHTS = ("ec2:DescribeVpcs", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")


def invoke(aws: EmbeddedAws, name: str, event: Any = None, **arguments: str) -> dict[str, Any]:
    payload = json.dumps({} if event is None else event).encode()
    answer: dict[str, Any] = client(aws, "lambda").invoke(FunctionName=name, Payload=payload, **arguments)
    return {**answer, "Payload": answer["Payload"].read()}


def create(aws: EmbeddedAws, source: str) -> str:
    """A function made with CreateFunction, without a stack; returns its name."""
    role(aws, "mine", *RIGHTS, trust=trusting(LAMBDA))
    client(aws, "lambda").create_function(**definition(source))
    return "mine"


def definition(source: str = HANDLER, **other: Any) -> dict[str, Any]:
    """What CreateFunction is asked for."""
    runs_here = {"Runtime": RUNTIME, "Architectures": [architecture()]}
    code = {"ZipFile": archive(source)}
    return {"FunctionName": "mine", "Role": ROLE, "Handler": "index.handler", "Code": code, **runs_here, **other}


def test_the_aws_cli_invokes_a_function(aws: EmbeddedAws, tmp_path: Path) -> None:
    name, answer = deploy(aws)["FunctionName"], tmp_path / "answer.json"
    run = aws_cli(aws, "lambda", "invoke", "--function-name", name, "--payload", '{"id": "one"}', str(answer))

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads(answer.read_text()) == {"event": {"id": "one"}, "setting": "default"}


def test_a_function_can_be_named_by_its_arn(aws: EmbeddedAws) -> None:
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{deploy(aws)['FunctionName']}"

    assert invoke(aws, arn)["StatusCode"] == 200


def test_a_function_that_fails_answers_with_its_error(aws: EmbeddedAws) -> None:
    answer = invoke(aws, deploy(aws)["FunctionName"], {"detail": {"fail": True}})

    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"])["errorType"] == "ValueError"


def test_the_end_of_the_log_comes_with_the_answer_when_asked_for(aws: EmbeddedAws) -> None:
    answer = invoke(aws, deploy(aws)["FunctionName"], {"id": "one"}, LogType="Tail")

    assert base64.b64decode(answer["LogResult"]).decode().startswith("woken by one")


def test_an_event_is_taken_and_run_later(aws: EmbeddedAws) -> None:
    answer = invoke(aws, deploy(aws)["FunctionName"], {"detail": {"fail": True}}, InvocationType="Event")
    aws.settle(SETTLE_S)

    assert (answer["StatusCode"], answer["Payload"]) == (202, b"")
    assert messages(aws, "failures")[0]["body"]["requestContext"]["approximateInvokeCount"] == 3


def test_a_dry_run_runs_nothing(aws: EmbeddedAws) -> None:
    assert invoke(aws, deploy(aws)["FunctionName"], InvocationType="DryRun")["StatusCode"] == 204
    assert client(aws, "logs").filter_log_events(logGroupName="/small/stack")["events"] == []


@pytest.mark.parametrize("name", ["absent", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:absent"])
def test_a_function_that_is_not_there_cannot_be_invoked(aws: EmbeddedAws, name: str) -> None:
    with pytest.raises(ClientError, match="Function not found: arn:aws:lambda:us-east-1:") as refused:
        invoke(aws, name)

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_what_is_no_json_is_refused(aws: EmbeddedAws) -> None:
    name = deploy(aws)["FunctionName"]

    with pytest.raises(ClientError, match="Could not parse request body into json"):
        client(aws, "lambda").invoke(FunctionName=name, Payload=b"{")


def test_a_function_without_concurrency_cannot_be_invoked(aws: EmbeddedAws) -> None:
    name = deploy(aws, with_properties("Function", ReservedConcurrentExecutions=0))["FunctionName"]

    with pytest.raises(ClientError) as refused:
        client(aws, "lambda", Config(retries={"total_max_attempts": 1})).invoke(FunctionName=name)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"


# Says who it is, and ends when a second one is there, or not in time.
MEETING = """
import os, time
def handler(event, context):
    open(os.path.join(event["folder"], str(os.getpid())), "w").close()
    for _ in range(400):
        if len(os.listdir(event["folder"])) > 1:
            return
        time.sleep(0.05)
    raise TimeoutError("nobody else came")
"""


def test_it_handles_as_many_events_at_once_as_its_reserved_concurrency_lets_it(tmp_path: Path) -> None:
    with EmbeddedAws(log=unheard, concurrency=4) as aws:
        name = create(aws, MEETING)
        client(aws, "lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
        for _ in range(6):
            invoke(aws, name, {"folder": str(tmp_path)}, InvocationType="Event")
        aws.settle(SETTLE_S)

        lines = client(aws, "logs").filter_log_events(logGroupName="/aws/lambda/mine")["events"]
    assert len(list(tmp_path.iterdir())) == 2
    assert [line["message"].split(" ")[0] for line in lines].count("END") == 6


def test_it_calls_aws_with_a_session_of_its_own_role(aws: EmbeddedAws) -> None:
    source = """
import os, urllib.request
def handler(event, context):
    credential = os.environ["AWS_ACCESS_KEY_ID"] + "/20300101/us-east-1/ec2/aws4_request"
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"], b"Action=DescribeVpcs&Version=2016-11-15",
        {"Authorization": "AWS4-HMAC-SHA256 Credential=" + credential,
         "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"],
         "Content-Type": "application/x-www-form-urlencoded"})
    return urllib.request.urlopen(request).status
"""
    assert invoke(aws, create(aws, source))["Payload"] == b"200"

    call = next(call for call in aws.calls if call.operation == "DescribeVpcs")
    assert call.principal == f"arn:aws:sts::{ACCOUNT}:assumed-role/mine/mine"


def test_its_log_is_in_the_log_group_that_the_template_names(aws: EmbeddedAws) -> None:
    invoke(aws, deploy(aws)["FunctionName"], {"id": "one"})

    events = client(aws, "logs").filter_log_events(logGroupName="/small/stack")["events"]
    assert [event["message"].split(" ")[0] for event in events] == ["START", "woken", "END"]


def test_its_log_is_in_a_group_named_after_it_where_there_is_no_other(aws: EmbeddedAws) -> None:
    invoke(aws, create(aws, "def handler(event, context):\n    print('hello')\n"))

    events = client(aws, "logs").filter_log_events(logGroupName="/aws/lambda/mine")["events"]
    assert "hello" in [event["message"] for event in events]


def test_lambdas_own_calls_are_seen_as_the_functions_role(aws: EmbeddedAws) -> None:
    name = deploy(aws)["FunctionName"]
    invoke(aws, name, {"detail": {"fail": True}}, InvocationType="Event")
    aws.settle(SETTLE_S)

    own = {(call.service, call.operation) for call in aws.calls if call.principal.endswith(f"/{name}")}
    assert own == {("logs", "CreateLogStream"), ("logs", "PutLogEvents"), ("sqs", "SendMessage")}


def test_its_log_is_not_written_if_its_role_may_not_write_it(aws: EmbeddedAws) -> None:
    name = create(aws, "def handler(event, context):\n    print('hello')\n")
    client(aws, "iam").put_role_policy(RoleName="mine", PolicyName="own", PolicyDocument=allowing("logs:PutLogEvents"))
    invoke(aws, name)

    assert client(aws, "logs").describe_log_groups()["logGroups"] == []
    (call,) = [call for call in aws.calls if call.principal.endswith("/mine")]
    assert (call.operation, call.error) == ("CreateLogGroup", "AccessDenied")


def test_a_function_whose_role_does_not_trust_lambda_is_refused(aws: EmbeddedAws) -> None:
    sentence = "The role defined for the function cannot be assumed by Lambda."
    with pytest.raises(ClientError, match=sentence):
        client(aws, "lambda").create_function(**definition())
    role(aws, "mine")
    with pytest.raises(ClientError, match=sentence):
        client(aws, "lambda").create_function(**definition())
    with pytest.raises(ClientError, match=sentence):
        deploy(aws, with_properties("Function", Role=ROLE))


def test_the_record_of_its_failure_is_lost_if_its_role_may_not_send_it(aws: EmbeddedAws) -> None:
    name = deploy(aws)["FunctionName"]
    of_function = client(aws, "lambda").get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    for policy in client(aws, "iam").list_role_policies(RoleName=of_function)["PolicyNames"]:
        client(aws, "iam").delete_role_policy(RoleName=of_function, PolicyName=policy)
    invoke(aws, name, {"detail": {"fail": True}}, InvocationType="Event")
    aws.settle(SETTLE_S)

    assert messages(aws, "failures") == []


def test_new_code_runs_at_the_next_invocation(aws: EmbeddedAws) -> None:
    name = create(aws, "def handler(event, context):\n    return 1\n")
    before = invoke(aws, name)["Payload"]
    new = archive("def handler(event, context):\n    return 2\n")
    client(aws, "lambda").update_function_code(FunctionName=name, ZipFile=new)

    assert (before, invoke(aws, name)["Payload"]) == (b"1", b"2")


def test_a_function_made_again_under_its_name_is_another_one(aws: EmbeddedAws) -> None:
    name = create(aws, "count = 0\ndef handler(event, context):\n    global count\n    count += 1\n    return count\n")
    counts = [invoke(aws, name)["Payload"], invoke(aws, name)["Payload"]]
    client(aws, "lambda").delete_function(FunctionName=name)
    client(aws, "iam").delete_role_policy(RoleName="mine", PolicyName="own")
    client(aws, "iam").delete_role(RoleName="mine")
    create(aws, "count = 0\ndef handler(event, context):\n    global count\n    count += 1\n    return count\n")

    assert [*counts, invoke(aws, name)["Payload"]] == [b"1", b"2", b"1"]


def test_streaming_is_refused_and_not_left_to_a_container(aws: EmbeddedAws) -> None:
    name = deploy(aws)["FunctionName"]

    with pytest.raises(ClientError, match="InvokeWithResponseStream is not available here"):
        client(aws, "lambda").invoke_with_response_stream(FunctionName=name)


OTHER_ARCHITECTURE = {"arm64": "x86_64", "x86_64": "arm64"}[architecture()]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"Architectures": [OTHER_ARCHITECTURE]}, f"{OTHER_ARCHITECTURE} and {RUNTIME}"),
        ({"Runtime": "python3.10"}, f"{architecture()} and python3.10"),
        ({"Runtime": "nodejs22.x"}, f"{architecture()} and nodejs22.x"),
    ],
)
def test_a_function_that_cannot_run_on_this_machine_is_refused_with_what_to_do(
    aws: EmbeddedAws, asked: dict[str, Any], named: str
) -> None:
    with pytest.raises(ClientError) as refused:
        client(aws, "lambda").create_function(**definition(**asked))

    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    assert error["Message"].startswith(f"The function mine asks for {named}. ")
    assert error["Message"].endswith(f" Architecture={architecture()} Runtime={RUNTIME}.")
    assert client(aws, "lambda").list_functions()["Functions"] == []


def test_a_function_is_not_changed_into_one_that_cannot_run_on_this_machine(aws: EmbeddedAws) -> None:
    name, functions = create(aws, HANDLER), client(aws, "lambda")
    with pytest.raises(ClientError, match=f"asks for {architecture()} and python3.10"):
        functions.update_function_configuration(FunctionName=name, Runtime="python3.10")
    with pytest.raises(ClientError, match=f"asks for {OTHER_ARCHITECTURE} and {RUNTIME}"):
        functions.update_function_code(
            FunctionName=name, Architectures=[OTHER_ARCHITECTURE], ZipFile=archive("def handler(*_): return 2")
        )
    functions.update_function_configuration(FunctionName=name, Timeout=7)

    assert json.loads(invoke(aws, name)["Payload"])["event"] == {}
    assert functions.get_function_configuration(FunctionName=name)["Timeout"] == 7
