"""A topic whose policy lets strangers in: callers whom its author could not have named.

The statement is narrowed in place to the topic's own account, or to its organization, if the policy file names one.
Signed requests from there keep their access. Requests without credentials, other accounts, and AWS services lose it: an
alarm, a bucket, or a rule that publishes to the topic needs a statement of its own, with `aws:SourceArn`. A statement
with a condition that AWS services meet, such as one on `aws:SourceArn`, is only reported.

The policy that SNS gives to a new topic is not at fault: its condition on `AWS:SourceOwner` names the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cloudmend.controls.families.policy_records import POLICY, policy_of, with_statement, without_statement
from cloudmend.controls.families.public_policies import Settings, public_policy
from cloudmend.controls.resource_types import TOPIC
from cloudmend.core.contract import State, Trigger, lists, rights
from cloudmend.core.events import mapping
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import values_at

_LIMIT: Final = 30_720  # bytes; AWS does not document it
_GONE: Final = "NotFound"
_AT: Final = ("request.topicArn", "response.topicArn")


def _read(topic: Resource, reader: Reader, _: Settings) -> State | None:
    answer = reader.get(Call("sns", "GetTopicAttributes", {"TopicArn": _arn(topic)}), {_GONE: None})
    return None if answer is None else State({POLICY: answer["Attributes"][POLICY]})


def _arn(topic: Resource) -> str:
    return TOPIC.arn_of(topic.id, topic.account, topic.region)


def _put(topic: Resource, _: State, text: str) -> Call:
    params = {"TopicArn": _arn(topic), "AttributeName": POLICY, "AttributeValue": text}
    return Call("sns", "SetTopicAttributes", params)


def _every(_: Resource, reader: Reader, __: Settings) -> Iterator[str]:
    return (row["TopicArn"].rpartition(":")[2] for row in reader.rows(Call("sns", "ListTopics"), "Topics"))


def _says(call: ApiCall, before: str) -> str:
    match call.name:
        case "SetTopicAttributes" if call.request.get("attributeName") == POLICY:
            return policy_of(call, call.request.get("attributeValue", ""))
        case "CreateTopic":
            return policy_of(call, mapping(call.request.get("attributes")).get(POLICY, before))
        case "AddPermission":
            return with_statement(before, _statement(call))
        case "RemovePermission":
            return without_statement(before, call.request.get("label"))
        case "DeleteTopic":
            return ""
    return before


def _statement(call: ApiCall) -> Json:
    """Return the statement that a call adds. A record without actions stands for all of them."""
    actions = [f"SNS:{each}" for each in values_at(call, "request.actionName[]")]
    principal = {"AWS": list(values_at(call, "request.aWSAccountId[]"))}
    return {"Sid": call.request.get("label"), "Effect": "Allow", "Principal": principal, "Action": actions or "SNS:*"}


CONTROL: Final = public_policy(
    id="sns_policy_public",
    title="A topic's policy lets strangers in",
    severity="high",
    references=("Security Hub SNS.4",),
    advice="In Terraform, add the condition to the aws_sns_topic_policy resource.",
    resource=TOPIC,
    triggers=tuple(
        Trigger("sns.amazonaws.com", name, _AT) for name in ("AddPermission", "CreateTopic", "SetTopicAttributes")
    ),
    follows=tuple(Trigger("sns.amazonaws.com", name, _AT) for name in ("DeleteTopic", "RemovePermission")),
    says=_says,
    reads=(*rights("sns:GetTopicAttributes"), *lists("sns:ListTopics")),
    writes=rights("sns:SetTopicAttributes"),
    undoes=rights("sns:SetTopicAttributes"),
    read=_read,
    put=_put,
    every=_every,
    limit=_LIMIT,
    errors={_GONE: "settled"},
)
