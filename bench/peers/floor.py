"""The floor: cloudmend's calls, signed and sent by bare sockets, which is what no Python program can beat.

It judges nothing: what it sends is written down below, and a test holds that it is what cloudmend calls.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import ssl
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EC2 = "Version=2016-11-15&Action="
ENTRY = "eJx" + "A" * 1200  # as long as a stored entry is
ITEM = f'{{"Put":{{"TableName":"ledger","Item":{{"pk":{{"S":"resource/sg"}},"entry":{{"B":"{ENTRY}"}}}}}}}}'
TRANSACTION = f'{{"TransactItems":[{ITEM}]}}'
QUERY = '{"TableName":"ledger","KeyConditionExpression":"pk = :pk","ExpressionAttributeValues":{":pk":{"S":"x"}}}'
UNIT = '{"TableName":"ledger","Key":{"pk":{"S":"units"},"sk":{"S":"1/2/3"}}}'
NOTICE = "the door of a group was closed, and this is told. " * 30

_idle: dict[str, list[socket.socket]] = {}  # the connections to each service that no call uses
_trusting: list[ssl.SSLContext] = []
_reading_store = threading.Lock()


def respond(event: Any, context: Any) -> None:  # noqa: ARG001 - Lambda's signature
    """Make the independent calls at once, then the intent, write, proof, and end in turn, then all notices at once."""
    group = event["detail"]["requestParameters"]["groupId"]
    rules = f"{EC2}DescribeSecurityGroupRules&MaxResults=1000&Filter.1.Name=group-id&Filter.1.Value.1={group}"
    groups = f"{EC2}DescribeSecurityGroups&Filter.1.Name=group-id&Filter.1.Value.1={group}"
    door = f"sgr-{int(group[3:], 16) * 6 + 2:017x}"
    place = f"GroupId={group}&SecurityGroupRule.1.SecurityGroupRuleId={door}"
    rule = (
        "SecurityGroupRule.1.SecurityGroupRule.IpProtocol=tcp&SecurityGroupRule.1.SecurityGroupRule.CidrIpv4=10.0.0.0/8"
    )
    at_once(
        ("ec2", "", rules),
        ("ec2", "", groups),
        ("dynamodb", "DynamoDB_20120810.Query", QUERY),
        ("dynamodb", "DynamoDB_20120810.Query", QUERY),
        ("ssm", "AmazonSSM.GetParameter", '{"Name":"/cloudmend/mode"}'),
    )
    call("dynamodb", "DynamoDB_20120810.GetItem", UNIT)
    at_once(
        ("dynamodb", "DynamoDB_20120810.TransactWriteItems", TRANSACTION),
        ("dynamodb", "DynamoDB_20120810.Query", QUERY),
    )
    call("ec2", "", f"{EC2}ModifySecurityGroupRules&{place}&{rule}")
    call("ec2", "", rules)
    call("dynamodb", "DynamoDB_20120810.TransactWriteItems", TRANSACTION)
    at_once(
        ("events", "AWSEvents.PutEvents", f'{{"Entries":[{{"Detail":"{NOTICE}"}}]}}'),
        ("sns", "", f"Version=2010-03-31&Action=Publish&Message={NOTICE}"),
        ("sns", "", f"Version=2010-03-31&Action=Publish&Message={NOTICE}"),
        ("securityhub", "", f'{{"Findings":[{{"Description":"{NOTICE}"}}]}}', "/findings/import"),
    )


def at_once(*calls: tuple[str, ...]) -> None:
    """Run the first call on this thread, and each of the others on its own thread."""
    threads = [threading.Thread(target=call, args=each) for each in calls[1:]]
    for thread in threads:
        thread.start()
    call(*calls[0])
    for thread in threads:
        thread.join()


def call(service: str, target: str, body: str, path: str = "/") -> bytes:
    """Return the answer to one signed call. The next call uses the same connection."""
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("https://")
    content = body.encode()
    idle = _idle.setdefault(service, [])
    try:
        connection = idle.pop()
    except IndexError:
        connection = connect(*host.split(":"))
    connection.sendall(head(service, target, path, host, content) + content)
    answer = received(connection)
    idle.append(connection)
    return answer


def connect(address: str, port: str) -> socket.socket:
    """Open a TLS connection. The first connection reads the trust store, and all others share that store."""
    with _reading_store:
        if not _trusting:
            _trusting.append(ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"]))
    return _trusting[0].wrap_socket(socket.create_connection((address, int(port))), server_hostname=address)


def received(connection: socket.socket) -> bytes:
    answer = connection.recv(65_536)
    top, _, body = answer.partition(b"\r\n\r\n")
    length = int(top.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return body


def head(service: str, target: str, path: str, host: str, content: bytes) -> bytes:
    """Return the head of the request, with AWS's Signature Version 4."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kind = "application/x-amz-json-1.0" if target else "application/x-www-form-urlencoded"
    headers = {"content-type": kind, "host": host, "x-amz-date": now, **({"x-amz-target": target} if target else {})}
    signed = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n{path}\n\n{lines}\n{signed}\n{hashlib.sha256(content).hexdigest()}"
    scope = f"{now[:8]}/{os.environ['AWS_REGION']}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}"
    sent = {**headers, "authorization": authorization, "content-length": str(len(content))}
    return "".join([f"POST {path} HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in sent.items()), "\r\n"]).encode()
