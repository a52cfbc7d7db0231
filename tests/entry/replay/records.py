"""CloudTrail records of groups that are opened and closed, and files of them as people have them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from local.wire_calls import ALICE

GROUP = "sg-05fe30eb67c909f27"
RULE = "sgr-05fe30eb67c909f27"
START = datetime(2026, 11, 24, 7, 0, 0, tzinfo=UTC)
BOB = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bob", "accountId": "111122223333", "userName": "bob"}
ROLE = "arn:aws:iam::111122223333:role/deploy"
ROBOT = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::111122223333:assumed-role/deploy/}]},[red]\x1b[31m",
    "accountId": "111122223333",
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}},
}
ids = count()


def call(
    name: str, minutes: float, request: Any, response: Any = None, who: Any = ALICE, **more: Any
) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.30",
        "requestParameters": request,
        "responseElements": response,
        "eventID": f"e-{next(ids)}",
        "recipientAccountId": "111122223333",
        **more,
    }


def opened(
    minutes: float, cidr: str = "0.0.0.0/0", group: str = GROUP, rule: str = RULE, **more: Any
) -> dict[str, Any]:
    row = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": cidr}
    rows = [{"groupId": group, "securityGroupRuleId": rule, "isEgress": False, **row}]
    response = {"_return": True, "securityGroupRuleSet": {"items": rows}}
    return call("AuthorizeSecurityGroupIngress", minutes, {"groupId": group}, response, **more)


def closed(minutes: float, group: str = GROUP, rule: str = RULE, **more: Any) -> dict[str, Any]:
    rules = {"items": [{"securityGroupRuleId": rule}]}
    return call("RevokeSecurityGroupIngress", minutes, {"groupId": group, "securityGroupRuleIds": rules}, **more)


def modified(minutes: float, cidr: str, rule: str = RULE, **more: Any) -> dict[str, Any]:
    inner = {"CidrIpv4": cidr, "FromPort": 22, "ToPort": 22, "IpProtocol": "tcp"}
    update = {"SecurityGroupRuleId": rule, "tag": 1, "SecurityGroupRule": inner}
    request = {"ModifySecurityGroupRulesRequest": {"GroupId": GROUP, "SecurityGroupRule": update}}
    return call("ModifySecurityGroupRules", minutes, request, **more)


def noise(minutes: float) -> dict[str, Any]:
    """A call of no interest, by somebody who wants it to be of interest."""
    return call("GetObject", minutes, {"key": json.dumps(opened(0))}, userAgent='},{"eventVersion":"1.11"}]}')


def lines(records: list[Any]) -> bytes:
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def lookup_events(records: list[Any]) -> bytes:
    """As the AWS CLI prints them: the newest first."""
    events = [{"EventId": "1", "CloudTrailEvent": json.dumps(record)} for record in reversed(records)]
    return json.dumps({"Events": events, "NextToken": "abc"}, indent=4).encode()


def envelopes(records: list[Any]) -> bytes:
    return lines(
        [{"id": "1", "account": "111122223333", "region": "eu-west-1", "detail": record} for record in records]
    )


FORMS: dict[str, Callable[[list[Any]], bytes]] = {
    "trail.json": lambda records: json.dumps({"Records": records}).encode(),
    "trail.json.gz": lambda records: gzip.compress(json.dumps({"Records": records}).encode()),
    "two.json.gz": lambda records: b"".join(
        gzip.compress(json.dumps({"Records": [each]}).encode()) for each in records
    ),
    "lines.jsonl": lines,
    "lines.ndjson.gz": lambda records: gzip.compress(lines(records)),
    "lookup.json": lookup_events,
    "eventbridge.jsonl": envelopes,
}
