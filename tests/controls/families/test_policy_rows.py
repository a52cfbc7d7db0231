"""The rows of the controls of public policies: the calls of each, the answers, and the records for a replay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls import (
    ecr_policy_public,
    event_bus_policy_public,
    kms_key_policy_public,
    lambda_policy_public,
    secret_policy_public,
    sns_policy_public,
)
from cloudmend.core.contract import Control, State, View
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

SNS, SECRET, ECR = sns_policy_public.CONTROL, secret_policy_public.CONTROL, ecr_policy_public.CONTROL
BUS, LAMBDA, KMS = event_bus_policy_public.CONTROL, lambda_policy_public.CONTROL, kms_key_policy_public.CONTROL
ALL = (SNS, SECRET, ECR, BUS, LAMBDA, KMS)
IDS = {SNS.id: "alarms", SECRET.id: "db/main-AbCdEf", ECR.id: "team/web", BUS.id: "orders", LAMBDA.id: "resize"}
IDS[KMS.id] = "1234abcd-12ab-34cd-56ef-1234567890ab"
PARTNER = "123456789012"
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}


def resource(control: Control[Any], name: str = "") -> Resource:
    return Resource(type=control.resource.type, id=name or IDS[control.id], account=ACCOUNT, region=REGION)


def arn(control: Control[Any]) -> str:
    return control.resource.arn_of(IDS[control.id], ACCOUNT, REGION)


ACTIONS = {
    SNS.id: "SNS:Publish",
    SECRET.id: "secretsmanager:GetSecretValue",
    ECR.id: "ecr:BatchGetImage",
    BUS.id: "events:PutEvents",
    LAMBDA.id: "lambda:InvokeFunction",
    KMS.id: "kms:Decrypt",
}


def allow(control: Control[Any], principal: Any = "*", **more: Any) -> dict[str, Any]:
    about = {} if control is ECR else {"Resource": arn(control)}
    return {"Effect": "Allow", "Principal": principal, "Action": ACTIONS[control.id], **about, **more}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Answers:
    """A Reader that gives each call its answer; a call without one meets the error code that is `refused`."""

    def __init__(self, answers: Sequence[tuple[Call, Any]], refused: str = "") -> None:
        self._answers = answers
        self._refused = refused

    def get(self, call: Call, absent: Mapping[str, Json | None]) -> Any:
        found = [answer for asked, answer in self._answers if asked == call]
        return found[0] if found else absent[self._refused]

    def rows(self, call: Call, key: str) -> Any:
        return self.get(call, {})[key]

    def stream(self, call: Call, key: str) -> Iterator[Any]:
        yield from self.rows(call, key)


READS = {
    SNS.id: Call("sns", "GetTopicAttributes", {"TopicArn": arn(SNS)}),
    SECRET.id: Call("secretsmanager", "GetResourcePolicy", {"SecretId": arn(SECRET)}),
    ECR.id: Call("ecr", "GetRepositoryPolicy", {"repositoryName": "team/web"}),
    BUS.id: Call("events", "DescribeEventBus", {"Name": "orders"}),
    LAMBDA.id: Call("lambda", "GetResourcePolicy", {"ResourceArn": arn(LAMBDA)}),
    KMS.id: Call("kms", "GetKeyPolicy", {"KeyId": IDS[KMS.id], "PolicyName": "default"}),
}


@pytest.mark.parametrize(
    ("control", "answer", "state"),
    [
        (SNS, {"Attributes": {"Policy": "text", "TopicArn": arn(SNS)}}, State({"Policy": "text"})),
        (SECRET, {"ResourcePolicy": "text"}, State({"Policy": "text"})),
        (SECRET, {"ARN": arn(SECRET)}, State({})),
        (ECR, {"policyText": "text"}, State({"Policy": "text"})),
        (BUS, {"Name": "orders", "Policy": "text"}, State({"Policy": "text"})),
        (BUS, {"Name": "orders"}, State({})),
        (KMS, {"Policy": "text"}, State({"Policy": "text"})),
        (LAMBDA, {"Policy": "text", "RevisionId": "r-1"}, State({"Policy": "text"}, guard="r-1")),
    ],
)
def test_an_answer_is_read_as_one_text(control: Control[Any], answer: Json, state: State) -> None:
    reader: Any = Answers([(READS[control.id], answer)])
    assert control.read(resource(control), reader, control.settings()) == state


@pytest.mark.parametrize(
    ("control", "code", "state"),
    [
        (SNS, "NotFound", None),
        (SECRET, "ResourceNotFoundException", None),
        (ECR, "RepositoryNotFoundException", None),
        (ECR, "RepositoryPolicyNotFoundException", State({})),
        (BUS, "ResourceNotFoundException", None),
        (LAMBDA, "ResourceNotFoundException", None),
        (KMS, "NotFoundException", None),
    ],
)
def test_what_aws_does_not_know_is_gone_or_has_no_policy(control: Control[Any], code: str, state: State | None) -> None:
    reader: Any = Answers([], code)
    assert control.read(resource(control), reader, control.settings()) == state


def test_a_function_without_a_policy_is_there() -> None:
    there = Call("lambda", "GetFunctionConfiguration", {"FunctionName": arn(LAMBDA)})
    reader: Any = Answers([(there, {"FunctionName": "resize"})], "ResourceNotFoundException")
    assert LAMBDA.read(resource(LAMBDA), reader, LAMBDA.settings()) == State({})


@pytest.mark.parametrize(
    ("control", "call"),
    [
        (
            SNS,
            Call(
                "sns",
                "SetTopicAttributes",
                {"TopicArn": arn(SNS), "AttributeName": "Policy", "AttributeValue": policy(allow(SNS))},
            ),
        ),
        (
            ECR,
            Call("ecr", "SetRepositoryPolicy", {"repositoryName": "team/web", "policyText": policy(allow(ECR))}),
        ),
        (BUS, Call("events", "PutPermission", {"EventBusName": "orders", "Policy": policy(allow(BUS))})),
        (
            KMS,
            Call(
                "kms",
                "PutKeyPolicy",
                {
                    "KeyId": IDS[KMS.id],
                    "PolicyName": "default",
                    "Policy": policy(allow(KMS)),
                    "BypassPolicyLockoutSafetyCheck": False,
                },
            ),
        ),
        (
            LAMBDA,
            Call(
                "lambda",
                "PutResourcePolicy",
                {"ResourceArn": arn(LAMBDA), "Policy": policy(allow(LAMBDA)), "RevisionId": "r-1"},
            ),
        ),
    ],
)
def test_a_put_writes_the_whole_text(control: Control[Any], call: Call) -> None:
    assert control.put
    state = State({}, guard="r-1")
    assert list(control.put(resource(control), state, {"Policy": policy(allow(control))})) == [call]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        (policy(allow(SECRET, Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})), True),
        (policy(allow(SECRET)), False),  # an undo
        (policy(allow(SECRET), allow(SECRET, {"AWS": PARTNER})), False),
    ],
)
def test_a_secret_is_written_with_the_check_of_aws_unless_it_stays_open(text: str, blocks: bool) -> None:
    assert SECRET.put
    (call,) = SECRET.put(resource(SECRET), State({}), {"Policy": text})
    params = {"SecretId": arn(SECRET), "ResourcePolicy": text, "BlockPublicPolicy": blocks}
    assert call == Call("secretsmanager", "PutResourcePolicy", params)


@pytest.mark.parametrize(
    ("control", "call", "answer", "ids"),
    [
        (SNS, Call("sns", "ListTopics"), {"Topics": [{"TopicArn": arn(SNS)}]}, ["alarms"]),
        (
            SECRET,
            Call("secretsmanager", "ListSecrets"),
            {
                "SecretList": [
                    {"ARN": arn(SECRET)},
                    {"ARN": f"{arn(SECRET)}-copied", "PrimaryRegion": REGION},
                    {"ARN": f"{arn(SECRET)}-replica", "PrimaryRegion": "us-east-2"},
                ]
            },
            ["db/main-AbCdEf", "db/main-AbCdEf-copied"],
        ),
        (ECR, Call("ecr", "DescribeRepositories"), {"repositories": [{"repositoryName": "team/web"}]}, ["team/web"]),
        (KMS, Call("kms", "ListKeys"), {"Keys": [{"KeyId": IDS[KMS.id]}]}, [IDS[KMS.id]]),
        (
            BUS,
            Call("events", "ListEventBuses"),
            {"EventBuses": [{"Name": "default"}, {"Name": "orders", "Policy": "text"}]},
            ["orders"],
        ),
    ],
)
def test_a_sweep_lists_what_can_be_at_fault(control: Control[Any], call: Call, answer: Json, ids: list[str]) -> None:
    reader: Any = Answers([(call, answer)])
    assert control.every
    assert list(control.every(resource(control), reader, control.settings())) == ids


def test_a_sweep_looks_at_functions_and_their_aliases() -> None:
    functions = {"Functions": [{"FunctionName": "resize"}, {"FunctionName": "mail"}]}
    aliases = {"resize": [{"Name": "live"}, {"Name": "next"}], "mail": []}
    asked = [
        (Call("lambda", "ListAliases", {"FunctionName": name}), {"Aliases": found}) for name, found in aliases.items()
    ]
    reader: Any = Answers([(Call("lambda", "ListFunctions"), functions), *asked])
    assert LAMBDA.every
    found = list(LAMBDA.every(resource(LAMBDA), reader, LAMBDA.settings()))
    assert found == ["resize", "resize:live", "resize:next", "mail"]


@pytest.mark.parametrize("control", ALL, ids=lambda control: control.id)
@pytest.mark.parametrize(
    ("statement", "is_open"),
    [
        ({}, True),
        ({"Principal": {"AWS": [PARTNER, "*"]}}, True),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}}, True),
        ({"Condition": {"Null": {"aws:PrincipalOrgID": "false"}}}, True),
        ({"Condition": ORGANIZATION}, False),
        ({"Principal": {"AWS": PARTNER}}, False),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
    ],
)
def test_golden_cases(control: Control[Any], statement: Json, is_open: bool) -> None:
    state = State({"Policy": policy({**allow(control), **statement})})
    cause = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
    view = View(resource=resource(control), state=state, cause=cause, now=NOW)
    assert bool(list(control.judge(view, control.settings()))) is is_open


def test_the_policy_of_a_new_topic_is_not_at_fault() -> None:
    """SNS gives it this one."""
    own = {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
    text = policy(allow(SNS, {"AWS": "*"}, Sid="__default_statement_ID", Condition=own))
    cause = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
    view = View(resource=resource(SNS), state=State({"Policy": text}), cause=cause, now=NOW)
    assert list(SNS.judge(view, SNS.settings())) == []


ROOT = allow(KMS, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="kms:*")
ORDER = {**ROOT, "Effect": "Deny", "Principal": "*"}
ALL_BUT_DECRYPT = {"Effect": "Deny", "Principal": "*", "NotAction": "kms:Decrypt", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "is_mended"),
    [
        ([ROOT], True),
        ([{**ROOT, "Principal": {"AWS": ["123456789012", ACCOUNT]}, "Action": ["kms:PutKeyPolicy"]}], True),
        ([{**ROOT, "Condition": {}}, {**ORDER, "Action": ["kms:Encrypt", "kms:GetKeyPolicy"]}], True),
        ([], False),
        ([{**ROOT, "Action": "kms:Decrypt"}], False),
        ([{**ROOT, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"}}], False),
        ([{**ROOT, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}], False),
        ([{**ROOT, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}], False),
        ([ROOT, {**ORDER, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}], False),
        ([ROOT, {**ORDER, "Action": "kms:Put*"}], False),
        ([ROOT, {**ORDER, "Action": "kms:PutKeyPolicy"}], False),
        ([ROOT, ALL_BUT_DECRYPT], False),
    ],
)
def test_a_key_is_mended_only_if_its_account_can_still_change_the_policy(statements: Any, is_mended: bool) -> None:
    condition = {"Bool": {"aws:SecureTransport": "true"}}  # so that no Deny takes all of it
    state = State({"Policy": policy(allow(KMS, Condition=condition), *statements)})
    cause = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
    (finding,) = KMS.judge(View(resource=resource(KMS), state=state, cause=cause, now=NOW), KMS.settings())
    assert finding.is_due is is_mended
    assert ("does not show that its account can still change it" in finding.restraint) is not is_mended


@pytest.mark.parametrize(("organization", "is_mended"), [("", True), ("o-abc1234567", False)])
def test_a_key_that_everybody_may_change_keeps_its_account(organization: str, is_mended: bool) -> None:
    """The account is in the narrowed statement; whether it is in the organization is not known."""
    state = State({"Policy": policy(allow(KMS, Action="kms:*"))})
    cause = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
    view = View(resource=resource(KMS), state=state, cause=cause, now=NOW)
    (finding,) = KMS.judge(view, KMS.settings(organization=organization))
    assert finding.is_due is is_mended


URL = {"Action": "lambda:InvokeFunctionUrl"}
NONE, IAM = ({"StringEquals": {"lambda:FunctionUrlAuthType": each}} for each in ("NONE", "AWS_IAM"))
VIA_URL = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}


@pytest.mark.parametrize(
    ("statement", "is_mended"),
    [
        ({}, True),
        ({"Action": ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"]}, True),
        ({**URL, "Condition": IAM}, True),
        ({**URL, "Condition": NONE}, False),
        ({**URL, "Action": ["lambda:InvokeFunctionUrl"]}, False),
        ({"Condition": VIA_URL}, False),
        ({"Condition": {**VIA_URL, "StringEquals": {"Lambda:FunctionUrlAuthType": ["AWS_IAM"]}}}, True),
    ],
)
def test_what_admits_to_a_url_without_authentication_is_only_reported(statement: Json, is_mended: bool) -> None:
    state = State({"Policy": policy({**allow(LAMBDA), **statement})})
    cause = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
    (finding,) = LAMBDA.judge(View(resource=resource(LAMBDA), state=state, cause=cause, now=NOW), LAMBDA.settings())
    assert finding.is_due is is_mended
    assert ("callers of a function URL sign nothing" in finding.restraint) is not is_mended


def called(control: Control[Any], operation: str, response: Any = None, **request: Any) -> ApiCall:
    return ApiCall(
        event_id="e-1",
        source=control.triggers[0].source,
        name=operation,
        time=None,
        account=ACCOUNT,
        region=REGION,
        request=request,
        response=response or {},
    )


@pytest.mark.parametrize(
    ("control", "call", "name"),
    [
        (SNS, called(SNS, "SetTopicAttributes", topicArn=arn(SNS)), "alarms"),
        (SNS, called(SNS, "CreateTopic", {"topicArn": arn(SNS)}, name="alarms"), "alarms"),
        (SECRET, called(SECRET, "PutResourcePolicy", {"aRN": arn(SECRET)}, secretId="db/main"), "db/main-AbCdEf"),
        (SECRET, called(SECRET, "PutResourcePolicy", {"arn": arn(SECRET)}, secretId="db/main"), "db/main-AbCdEf"),
        (ECR, called(ECR, "SetRepositoryPolicy", repositoryName="team/web"), "team/web"),
        (BUS, called(BUS, "PutPermission", eventBusName="orders"), "orders"),
        (BUS, called(BUS, "PutPermission", eventBusName=arn(BUS)), "orders"),
        (BUS, called(BUS, "PutPermission", statementId="open"), "default"),
        (KMS, called(KMS, "PutKeyPolicy", keyId=IDS[KMS.id]), IDS[KMS.id]),
        (KMS, called(KMS, "PutKeyPolicy", keyId=arn(KMS)), IDS[KMS.id]),
        (KMS, called(KMS, "CreateKey", {"keyMetadata": {"arn": arn(KMS)}}), IDS[KMS.id]),
        (KMS, called(KMS, "ReplicateKey", {"replicaKeyMetadata": {"arn": arn(KMS)}}), IDS[KMS.id]),
        (LAMBDA, called(LAMBDA, "AddPermission20150331v2", functionName="resize"), "resize"),
        (LAMBDA, called(LAMBDA, "AddPermission20150331v2", functionName=arn(LAMBDA)), "resize"),
        (LAMBDA, called(LAMBDA, "AddPermission20150331v2", functionName=f"{ACCOUNT}:function:resize"), "resize"),
        (LAMBDA, called(LAMBDA, "AddPermission20150331v2", functionName="resize:live"), "resize:live"),
        (LAMBDA, called(LAMBDA, "AddPermission20150331", functionName="resize", qualifier="live"), "resize:live"),
        (LAMBDA, called(LAMBDA, "AddPermission20150331", functionName="resize", qualifier="$LATEST"), "resize"),
        (LAMBDA, called(LAMBDA, "PutResourcePolicy20260709", resourceArn=f"{arn(LAMBDA)}:$LATEST"), "resize"),
        (LAMBDA, called(LAMBDA, "PutResourcePolicy", resourceArn=f"{arn(LAMBDA)}:7"), "resize:7"),
    ],
)
def test_an_event_names_the_resource(control: Control[Any], call: ApiCall, name: str) -> None:
    assert resources(control, call) == (resource(control, name),)


def test_a_record_without_parameters_is_about_all_buses() -> None:
    assert [each.id for each in resources(BUS, called(BUS, "PutPermission"))] == [""]


def test_what_is_no_name_of_a_bus_is_refused() -> None:
    with pytest.raises(EventError, match=r"Event e-1 \(PutPermission\) names 'a;b', which is not the name of an event"):
        resources(BUS, called(BUS, "PutPermission", eventBusName="a;b"))


def test_what_is_no_name_of_a_function_is_refused_and_a_call_without_one_is_about_all() -> None:
    with pytest.raises(EventError, match=r"Event e-1 \(PutResourcePolicy\) names 'a;b', which is not a function"):
        resources(LAMBDA, called(LAMBDA, "PutResourcePolicy", resourceArn="a;b"))
    assert [each.id for each in resources(LAMBDA, called(LAMBDA, "PutResourcePolicy"))] == [""]


OPEN = {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "x:Y"}
NAMED = {**OPEN, "Sid": "own", "Principal": {"AWS": PARTNER}}
BOTH, NAMED_ALONE = policy(OPEN, NAMED), policy(NAMED)
ADDED_TO_TOPIC = {"Sid": "b", "Effect": "Allow", "Principal": {"AWS": [PARTNER, "*"]}, "Action": ["SNS:Publish"]}
ADDED_TO_BUS = {"Sid": "b", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "events:PutEvents"}
OF_ORGANIZATION = {"type": "StringEquals", "key": "aws:PrincipalOrgID", "value": "o-abc1234567"}


@pytest.mark.parametrize(
    ("call", "before", "left"),
    [
        (called(SNS, "SetTopicAttributes", attributeName="Policy", attributeValue=BOTH), "", BOTH),
        (called(SNS, "SetTopicAttributes", attributeName="DisplayName", attributeValue="{"), BOTH, BOTH),
        (called(SNS, "CreateTopic", attributes={"Policy": BOTH}), "", BOTH),
        (called(SNS, "CreateTopic"), BOTH, BOTH),  # of a topic that is there
        (
            called(SNS, "AddPermission", label="b", aWSAccountId=[PARTNER, "*"], actionName=["Publish"]),
            NAMED_ALONE,
            policy(NAMED, ADDED_TO_TOPIC),
        ),
        (
            called(SNS, "AddPermission", label="b", aWSAccountId=[PARTNER, "*"]),
            NAMED_ALONE,
            policy(NAMED, {**ADDED_TO_TOPIC, "Action": "SNS:*"}),
        ),
        (called(SNS, "RemovePermission", label="open"), BOTH, NAMED_ALONE),
        (called(SNS, "DeleteTopic"), BOTH, ""),
        (called(SECRET, "PutResourcePolicy", resourcePolicy=BOTH), "", BOTH),
        (called(SECRET, "PutResourcePolicy"), BOTH, BOTH),
        (called(SECRET, "DeleteResourcePolicy"), BOTH, ""),
        (called(SECRET, "DeleteSecret"), BOTH, ""),
        (called(ECR, "SetRepositoryPolicy", policyText=BOTH), "", BOTH),
        (called(ECR, "DeleteRepositoryPolicy"), BOTH, ""),
        (called(ECR, "DeleteRepository"), BOTH, ""),
        (called(BUS, "PutPermission", policy=BOTH), NAMED_ALONE, BOTH),
        (
            called(BUS, "PutPermission", statementId="b", principal="*", action="events:PutEvents"),
            NAMED_ALONE,
            policy(NAMED, ADDED_TO_BUS),
        ),
        (
            called(BUS, "PutPermission", statementId="b", principal="*", condition=OF_ORGANIZATION),
            NAMED_ALONE,
            policy(NAMED, {**ADDED_TO_BUS, "Condition": ORGANIZATION}),
        ),
        (called(BUS, "RemovePermission", statementId="open"), BOTH, NAMED_ALONE),
        (called(BUS, "RemovePermission", removeAllPermissions=True), BOTH, ""),
        (called(BUS, "DeleteEventBus", name="orders"), BOTH, ""),
        (
            called(LAMBDA, "AddPermission20150331v2", {"statement": json.dumps(OPEN)}, functionName="resize"),
            NAMED_ALONE,
            policy(NAMED, OPEN),
        ),
        (
            called(LAMBDA, "AddPermission20150331", statementId="open", principal="*", action="x:Y"),
            NAMED_ALONE,
            policy(NAMED, {**OPEN, "Principal": {"AWS": "*"}}),
        ),
        (called(KMS, "PutKeyPolicy", policy=BOTH), NAMED_ALONE, BOTH),
        (called(KMS, "CreateKey"), BOTH, BOTH),
        (called(KMS, "ScheduleKeyDeletion"), BOTH, ""),
        (called(LAMBDA, "RemovePermission20150331v2", statementId="open"), BOTH, NAMED_ALONE),
        (called(LAMBDA, "PutResourcePolicy20260709", policy=BOTH), NAMED_ALONE, BOTH),
        (called(LAMBDA, "PutResourcePolicy"), BOTH, BOTH),
        (called(LAMBDA, "DeleteResourcePolicy"), BOTH, ""),
        (called(LAMBDA, "DeleteFunction20150331"), BOTH, ""),
    ],
)
def test_a_call_leaves_the_policy_that_its_record_says(call: ApiCall, before: str, left: str) -> None:
    control = next(each for each in ALL if each.triggers[0].source == call.source)
    assert control.follow
    assert call.name in {each.name for each in control.follow.calls}
    state = State({"Policy": before}) if before else None
    after = control.follow.step(state, resource(control), call, NOW).state
    assert (json.loads(after.parts["Policy"]) if after else None) == (json.loads(left) if left else None)


@pytest.mark.parametrize(
    "call",
    [
        called(SNS, "SetTopicAttributes", attributeName="Policy", attributeValue="invalid-json-policy"),
        called(SECRET, "PutResourcePolicy", resourcePolicy="[]"),
        called(ECR, "SetRepositoryPolicy", policyText='{"Statement": ["open"]}'),
        called(BUS, "PutPermission", policy=["open"]),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(call: ApiCall) -> None:
    control = next(each for each in ALL if each.triggers[0].source == call.source)
    assert control.follow
    with pytest.raises(EventError, match=rf"Event e-1 \({call.name}\) sets a policy that cannot be read"):
        control.follow.step(None, resource(control), replace(call), NOW)
