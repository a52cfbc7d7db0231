"""Policies of functions: one each for a function and its aliases, with revisions, and no Sid twice."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, unheard

ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:a-function"
PUBLIC = {"StatementId": "open", "Action": "lambda:InvokeFunction", "Principal": "*"}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as started:
        yield started


@pytest.fixture
def functions(aws: EmbeddedAws) -> Any:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client(aws, "iam").create_role(RoleName="runs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handle(event, context): pass")
    made = client(aws, "lambda")
    asked = {"FunctionName": "a-function", "Runtime": RUNTIME, "Handler": "index.handle", "Role": role}
    made.create_function(**asked, Architectures=[architecture()], Code={"ZipFile": code.getvalue()}, Publish=True)
    made.create_alias(FunctionName="a-function", Name="live", FunctionVersion="1")
    return made


def policy(answer: Any) -> Any:
    return json.loads(answer["Policy"])["Statement"]


def statement(**more: Any) -> dict[str, Any]:
    principal = {"AWS": "arn:aws:iam::123456789012:root"}
    return {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": ARN, **more}


def text(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def code_of(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("asked", "principal", "condition"),
    [
        ({"Principal": "*"}, "*", None),
        ({"Principal": "123456789012"}, {"AWS": "arn:aws:iam::123456789012:root"}, None),
        ({"Principal": "arn:aws:iam::123456789012:role/r"}, {"AWS": "arn:aws:iam::123456789012:role/r"}, None),
        (
            {"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::b", "SourceAccount": ACCOUNT},
            {"Service": "s3.amazonaws.com"},
            {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}},
        ),
        (
            {"Principal": "*", "FunctionUrlAuthType": "NONE", "Action": "lambda:InvokeFunctionUrl"},
            "*",
            {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        ),
        ({"Principal": "*", "InvokedViaFunctionUrl": True}, "*", {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        (
            {"Principal": "*", "PrincipalOrgID": "o-abc1234567"},
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}},
        ),
    ],
)
def test_a_permission_becomes_a_statement(functions: Any, asked: Any, principal: Any, condition: Any) -> None:
    answer = functions.add_permission(FunctionName="a-function", **{**PUBLIC, **asked})
    (found,) = policy(functions.get_policy(FunctionName=ARN))
    assert found == json.loads(answer["Statement"])
    assert (found["Principal"], found.get("Condition"), found["Resource"]) == (principal, condition, ARN)


def test_a_sid_stands_once(functions: Any) -> None:
    functions.add_permission(FunctionName="a-function", **PUBLIC)
    assert code_of(functions.add_permission, FunctionName="a-function", **PUBLIC) == "ResourceConflictException"
    functions.add_permission(FunctionName="a-function", Qualifier="live", **PUBLIC)


def test_an_alias_has_a_policy_of_its_own(functions: Any) -> None:
    functions.add_permission(FunctionName="a-function", Qualifier="live", **PUBLIC)
    assert code_of(functions.get_policy, FunctionName="a-function") == "ResourceNotFoundException"
    for asked in ({"FunctionName": "a-function", "Qualifier": "live"}, {"FunctionName": f"{ARN}:live"}):
        (found,) = policy(functions.get_policy(**asked))
        assert found["Resource"] == f"{ARN}:live"
    functions.put_resource_policy(ResourceArn=ARN, Policy=text(statement()))
    assert len(policy(functions.get_resource_policy(ResourceArn=f"{ARN}:live"))) == 1
    latest = functions.get_policy(FunctionName="a-function", Qualifier="$LATEST")
    assert policy(latest) == [statement()]


def test_every_write_makes_a_revision_and_an_old_one_is_refused(functions: Any) -> None:
    functions.add_permission(FunctionName="a-function", **PUBLIC)
    revisions = [functions.get_resource_policy(ResourceArn=ARN)["RevisionId"]]
    functions.add_permission(FunctionName="a-function", **{**PUBLIC, "StatementId": "second"})
    revisions.append(functions.get_policy(FunctionName=ARN)["RevisionId"])
    functions.remove_permission(FunctionName="a-function", StatementId="second", RevisionId=revisions[-1])
    revisions.append(functions.get_policy(FunctionName=ARN)["RevisionId"])
    answer = functions.put_resource_policy(ResourceArn=ARN, Policy=text(statement()), RevisionId=revisions[-1])
    revisions.append(answer["RevisionId"])
    assert len(set(revisions)) == len(revisions)
    old = {"RevisionId": revisions[0]}
    more = {**PUBLIC, "StatementId": "more"}
    refused = [
        code_of(functions.put_resource_policy, ResourceArn=ARN, Policy=text(statement()), **old),
        code_of(functions.delete_resource_policy, ResourceArn=ARN, **old),
        code_of(functions.add_permission, FunctionName=ARN, **more, **old),
    ]
    assert refused == ["PreconditionFailedException"] * 3
    assert policy(functions.get_policy(FunctionName=ARN)) == [statement()]


def test_a_whole_policy_replaces_what_was_there_and_goes_whole(functions: Any) -> None:
    functions.add_permission(FunctionName="a-function", **PUBLIC)
    given = [statement(Sid="first"), statement()]
    whole = json.dumps({"Version": "2012-10-17", "Id": "mine", "Statement": given})
    functions.put_resource_policy(ResourceArn=ARN, Policy=whole)
    assert json.loads(functions.get_resource_policy(ResourceArn=ARN)["Policy"]) == json.loads(whole)
    functions.delete_resource_policy(ResourceArn=ARN)
    assert code_of(functions.get_resource_policy, ResourceArn=ARN) == "ResourceNotFoundException"
    assert code_of(functions.delete_resource_policy, ResourceArn=ARN) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "wrong", ["{nope", text(), text(statement(Resource=f"{ARN}-2")), text(statement(Sid="a" * 20_480))]
)
def test_what_is_no_policy_of_the_function_is_refused(functions: Any, wrong: str) -> None:
    asked = {"ResourceArn": ARN, "Policy": wrong}
    assert code_of(functions.put_resource_policy, **asked) == "InvalidParameterValueException"


def test_what_is_not_there_is_not_found(functions: Any) -> None:
    assert code_of(functions.get_policy, FunctionName="another") == "ResourceNotFoundException"
    assert code_of(functions.put_resource_policy, ResourceArn=f"{ARN}-2", Policy=text(statement())) == (
        "ResourceNotFoundException"
    )
    functions.add_permission(FunctionName="a-function", **PUBLIC)
    gone = {"FunctionName": "a-function", "StatementId": "another"}
    assert code_of(functions.remove_permission, **gone) == "ResourceNotFoundException"
