"""CloudTrail records of groups that are opened and closed, and files of them as people have them."""

from __future__ import annotations

import base64
import csv
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
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


def logs(records: list[Any]) -> dict[str, Any]:
    """As CloudWatch Logs hands them on."""
    events = [{"id": str(n), "timestamp": n, "message": json.dumps(record)} for n, record in enumerate(records)]
    return {"messageType": "DATA_MESSAGE", "logGroup": "trail", "subscriptionFilters": [], "logEvents": events}


def firehose(records: list[Any]) -> bytes:
    """As Firehose stores what CloudWatch Logs sends: compressed already, one after the other, with a try of its own."""
    tried = {**logs([]), "messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "CWL CONTROL MESSAGE"}]}
    documents = [tried, *(logs([record]) for record in records)]
    packed = (gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0) for document in documents)
    return b"".join(packed)


def stamped(records: list[Any], stream: str = "") -> bytes:
    """As CloudWatch Logs exports them to S3, or as aws logs tail prints them."""
    return "".join(f"2026-11-24T07:00:00.000Z {stream}{json.dumps(record)}\n" for record in records).encode()


def sheet(rows: list[dict[str, Any]]) -> bytes:
    """As Athena and CloudTrail Lake store a query's answer."""
    with StringIO() as text:
        writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()


def athena(record: dict[str, Any]) -> dict[str, Any]:
    who = {key.lower(): value for key, value in record["userIdentity"].items()}
    identity = ", ".join(f"{key}={value}" for key, value in who.items())
    told = {key.lower(): value for key, value in record.items()}
    response = json.dumps(record["responseElements"])
    request = json.dumps(record["requestParameters"])
    return {**told, "useridentity": f"{{{identity}}}", "requestparameters": request, "responseelements": response}


FORMS: dict[str, Callable[[list[Any]], bytes]] = {
    "trail.json": lambda records: json.dumps({"Records": records}).encode(),
    "trail.json.gz": lambda records: gzip.compress(json.dumps({"Records": records}).encode(), mtime=0),
    "two.json.gz": lambda records: b"".join(
        gzip.compress(json.dumps({"Records": [each]}).encode(), mtime=0) for each in records
    ),
    "lines.jsonl": lines,
    "lines.ndjson.gz": lambda records: gzip.compress(lines(records)),
    "lookup.json": lookup_events,
    "eventbridge.jsonl": envelopes,
    "000000.gz": lambda records: gzip.compress(stamped(records)),
    "tail.json": lambda records: stamped(records, "111122223333_CloudTrail_eu-west-1 "),
    "trail-1-2026-11-24-07-05-00-0f6d5a3e-7f1b-4c53-9a77-2f1f1c8f7b10": firehose,
    "trail-1-2026-11-24-07-05-00-0f6d5a3e-7f1b-4c53-9a77-2f1f1c8f7b11.gz": lambda records: gzip.compress(
        firehose(records)
    ),
    "filter-log-events.json": lambda records: json.dumps(
        {"events": [{"message": json.dumps(record)} for record in records], "searchedLogStreams": []}, indent=4
    ).encode(),
    "insights.json": lambda records: json.dumps(
        {"results": [[{"field": "@message", "value": json.dumps(record)}] for record in records]}
    ).encode(),
    "lake.json": lambda records: json.dumps(
        {"QueryStatus": "FINISHED", "QueryResultRows": [[{"eventJson": json.dumps(record)}] for record in records]}
    ).encode(),
    "result_1.csv.gz": lambda records: gzip.compress(sheet([{"eventJson": json.dumps(record)} for record in records])),
    "insights.csv": lambda records: sheet([{"@timestamp": "1", "@message": json.dumps(record)} for record in records]),
    "athena.csv": lambda records: sheet([athena(record) for record in records]),
    "texts.json": lambda records: "\t".join(json.dumps(record) for record in records).encode(),  # --output text
    "strings.json": lambda records: json.dumps([json.dumps(record) for record in records], indent=4).encode(),
    "kinesis.json": lambda records: json.dumps(
        {
            "Records": [
                {
                    "eventName": "aws:kinesis:record",
                    "eventSource": "aws:kinesis",
                    "eventVersion": "1.0",
                    "kinesis": {"data": base64.b64encode(gzip.compress(json.dumps(logs([record])).encode())).decode()},
                }
                for record in records
            ]
        }
    ).encode(),
}
