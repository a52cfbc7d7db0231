"""One contender's process: it handles events, each of another group, and prints what each took.

    python bench/client.py cloudmend FIRST COUNT

What it imports is found through PYTHONPATH, as Lambda finds what is in an archive. It prints, for each event, the
seconds of wall time and of CPU that it took, and when it was done, on the machine's monotonic clock.
"""

from __future__ import annotations

import importlib
import sys
import time

TYPE_CHECKING = False  # importing typing would count as part of every contender's cold start
if TYPE_CHECKING:
    from typing import Any

HANDLERS = {
    "cloudmend": ("cloudmend.lambda_.handlers", "respond"),
    "sweep": ("cloudmend.lambda_.handlers", "sweep"),
    "unpaced": ("cloudmend.lambda_.handlers", "sweep"),
    "naive": ("naive", "handler"),
    "custodian": ("c7n.handler", "dispatch_event"),
    "floor": ("floor", "respond"),
}

OPENING = {
    "ipProtocol": "tcp",
    "fromPort": 22,
    "toPort": 22,
    "groups": {},
    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "administration"}]},
    "ipv6Ranges": {},
    "prefixListIds": {},
}


def event(number: int) -> dict[str, Any]:
    """What EventBridge delivers when a group's door was opened."""
    return {
        "version": "0",
        "id": "6f9a1c3e-52b7-4d8e-9a40-7c1e0b5d2f63",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": "123456789012",
        "time": "2025-06-02T09:41:07Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.10",
            "userIdentity": {
                "type": "IAMUser",
                "arn": "arn:aws:iam::123456789012:user/bad-boy",
                "accountId": "123456789012",
                "userName": "bad-boy",
            },
            "eventTime": "2025-06-02T09:41:07Z",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "AuthorizeSecurityGroupIngress",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.23",
            "requestParameters": {
                "groupId": f"sg-{number:017x}",
                "ipPermissions": {"items": [OPENING]},
            },
            "responseElements": {"_return": True},
            "eventID": "b84e2f07-6d19-4c35-a7f2-3e5890cb1d46",
            "eventType": "AwsApiCall",
            "recipientAccountId": "123456789012",
        },
    }


def unpaced(handlers: Any) -> None:
    """Lets a sweep write as fast as the server takes it, as its peer does, and not as fast as EC2 does."""
    from functools import partial

    from cloudmend.engine.sweep import Bucket

    handlers.engine.sweep = partial(handlers.engine.sweep, writes=Bucket(1e9, 1e9))


def main(name: str, first: str, count: str) -> None:
    module, function = HANDLERS[name]
    found = importlib.import_module(module)
    if name == "unpaced":
        unpaced(found)
    handle = getattr(found, function)
    for number in range(int(first), int(first) + int(count)):
        wall, cpu = time.perf_counter(), time.process_time()
        handle(event(number), None)
        sys.stdout.write(f"\n@ {time.perf_counter() - wall} {time.process_time() - cpu} {time.monotonic()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
