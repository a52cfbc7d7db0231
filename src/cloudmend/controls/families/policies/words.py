"""What strangers can do, in words, and as a command that shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cloudmend.controls.families.policies.callers import issuer_of
from cloudmend.controls.families.policies.conditions import Value
from cloudmend.controls.families.policies.decide import Admission
from cloudmend.controls.families.policies.domains import SOURCES
from cloudmend.controls.families.policies.requests import Request

_CUSTOMERS: Final = {
    "token.actions.githubusercontent.com": "any GitHub repository",
    "gitlab.com": "any project of gitlab.com",
    "app.terraform.io": "any organization of HCP Terraform",
    "agent.buildkite.com": "any organization of Buildkite",
    "cognito-identity.amazonaws.com": "any Cognito identity pool",
    "accounts.google.com": "any application that signs in with Google",
    "graph.facebook.com": "any application that signs in with Facebook",
    "www.amazon.com": "any application that signs in with Amazon",
}
_SOME: Final = "any AWS account"
_SEGMENTS: Final = re.compile(r"arn:[\w-]+:[\w-]+:(?P<region>[\w-]*):(?P<account>\d*):(?P<name>.+)", re.ASCII)
# What makes each of these requests, with what the ARN of the resource says.
_COMMANDS: Final[Mapping[str, str]] = {
    "s3:GetObject": "aws s3 cp s3://{name} -",
    "s3:ListBucket": "aws s3 ls s3://{name}",
    "sqs:ReceiveMessage": "aws sqs receive-message --queue-url {queue} --region {region}",
    "sqs:SendMessage": "aws sqs send-message --queue-url {queue} --message-body hello --region {region}",
    "sns:Publish": "aws sns publish --topic-arn {arn} --message hello --region {region}",
    "lambda:InvokeFunction": "aws lambda invoke --function-name {arn} --region {region} answer.json",
    "secretsmanager:GetSecretValue": "aws secretsmanager get-secret-value --secret-id {arn} --region {region}",
}
_QUEUE: Final = "https://sqs.{region}.amazonaws.com/{account}/{name}"
# The keys that a request of the AWS CLI has anyhow, with these values.
_BY_ITSELF: Final = {"aws:securetransport": "true", "aws:viaawsservice": "false", "aws:principalisawsservice": "false"}


def reason(admission: Admission) -> str:
    """Return who can use a statement and for what, after "because" or alone: "anybody ... may call s3:GetObject"."""
    request = admission.request
    if request is None:
        return "it has too many conditions and Denies to rule out that a stranger can use it"
    what = f" on {request.resource}" if request.resource not in ("", "*") else ""
    told = [f"{key} is {_told(value)}" for key, value in request.keys.items() if value is not None]
    lacking = [key for key, value in request.keys.items() if value is None]
    told += [f"the request has no {' and no '.join(lacking)}"] if lacking else []
    return f"{caller(request)} may call {request.action}{what}{' if ' * bool(told)}{' and '.join(told)}"


def caller(request: Request) -> str:
    """Return who makes a request."""
    stranger = request.stranger
    if stranger.kind == "nobody":
        return "anybody, without credentials,"
    if stranger.kind == "federated":
        return _CUSTOMERS[issuer_of(stranger.name)]
    sources = any(value and key.lower() in SOURCES for key, value in request.keys.items())
    if stranger.kind == "service" or sources:
        return f"{stranger.name or 'an AWS service'} that acts for {_SOME}"
    return _SOME


def command(request: Request) -> str:
    """Return a command of the AWS CLI that makes the request; empty if there is none, or it needs more."""
    found = _SEGMENTS.fullmatch(request.resource)
    template = _COMMANDS.get(request.action)
    is_plain = all(value is None or _BY_ITSELF.get(key.lower()) == value for key, value in request.keys.items())
    stranger = request.stranger
    if not (found and template and is_plain) or stranger.by_endpoint or stranger.kind not in ("nobody", "somebody"):
        return ""
    unsigned = " --no-sign-request" if stranger.kind == "nobody" else ""
    told = template.format_map(
        {**found.groupdict(), "arn": request.resource, "queue": _QUEUE.format_map(found.groupdict())}
    )
    return f"{told}{unsigned}"


def _told(value: Value) -> str:
    return value if isinstance(value, str) else " and ".join(value or ())
