"""The embedded AWS as a whole: started, seen, stopped, started again."""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import (
    ACCOUNT,
    aws_cli,
    client,
    deploy,
    open_to_the_world,
    put_event,
    unheard,
    with_properties,
)


def until(condition: Callable[[], bool], timeout_s: float = 20) -> bool:
    """Polls until the condition holds; false when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_it_listens_on_this_machine_only_under_the_name_localhost(aws: EmbeddedAws) -> None:
    port = int(aws.endpoint.rpartition(":")[2])

    assert aws.endpoint == f"http://localhost:{port}"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        assert connection.getpeername() == ("127.0.0.1", port)


def test_the_aws_cli_needs_nothing_but_its_environment(aws: EmbeddedAws) -> None:
    answer = aws_cli(aws, "sts", "get-caller-identity")

    assert json.loads(answer.stdout)["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/walkthrough"


def test_the_aws_cli_reaches_s3_control_with_nothing_but_its_environment(aws: EmbeddedAws) -> None:
    """On any machine: not every one takes 123456789012.localhost for itself."""
    block = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=false"
    name = ("--account-id", ACCOUNT)
    put = aws_cli(aws, "s3control", "put-public-access-block", *name, "--public-access-block-configuration", block)
    shown = aws_cli(aws, "s3control", "get-public-access-block", *name)

    assert (put.returncode, put.stderr) == (0, "")
    assert json.loads(shown.stdout)["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] is False


def test_a_port_that_is_taken_is_an_error_of_the_operating_system(aws: EmbeddedAws) -> None:
    taken = EmbeddedAws(port=int(aws.endpoint.rpartition(":")[2]))

    with pytest.raises(OSError, match="in use"):
        taken.__enter__()


def test_a_port_can_be_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with EmbeddedAws(port=port) as aws:
        assert aws.endpoint == f"http://localhost:{port}"


def test_nothing_is_left_after_it_is_closed() -> None:
    threads = set(threading.enumerate())
    with EmbeddedAws(log=unheard) as aws:
        deploy(aws)
        put_event(aws)
        processes = _children()
    gc.collect()

    assert processes
    assert not _children()
    assert set(threading.enumerate()) <= threads
    with pytest.raises(EndpointConnectionError):
        client(aws, "sts").get_caller_identity()


def test_it_stops_in_the_middle_of_an_invocation() -> None:
    slow = "import time\ndef handler(event, context):\n    print('began', flush=True)\n    time.sleep(600)\n"
    threads = set(threading.enumerate())
    with EmbeddedAws(log=unheard) as aws:
        name = deploy(aws, with_properties("Function", InlineCode=slow, Timeout=900))["FunctionName"]
        client(aws, "lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
        assert until(lambda: bool(_children()))

    assert not _children()
    assert set(threading.enumerate()) <= threads


def test_the_process_of_a_function_ends_with_its_stack(aws: EmbeddedAws) -> None:
    deploy(aws)
    put_event(aws)
    processes = _children()
    client(aws, "cloudformation").delete_stack(StackName="small")

    assert processes
    assert not _children()


def test_the_next_one_knows_nothing_of_the_one_before() -> None:
    with EmbeddedAws(log=unheard) as first:
        deploy(first)
        open_to_the_world(first)
    with EmbeddedAws(log=unheard) as second:
        groups = client(second, "ec2").describe_security_groups()["SecurityGroups"]
        stacks = client(second, "cloudformation").describe_stacks()["Stacks"]

    assert [group["GroupName"] for group in groups] == ["default"]
    assert stacks == []


def test_a_later_start_knows_no_member_of_an_organization_that_was_there_before() -> None:
    asked = {"AccountId": "777788889999", "AlternateContactType": "SECURITY"}
    with EmbeddedAws(log=unheard, organization=True) as first:
        assert client(first, "account").get_alternate_contact(**asked)["AlternateContact"]["Name"] == "Security of hub"
    with EmbeddedAws(log=unheard) as second, pytest.raises(ClientError, match="AccessDeniedException"):
        client(second, "account").get_alternate_contact(**asked)


def test_settling_in_vain_says_how_much_is_pending(aws: EmbeddedAws) -> None:
    slow = "import time\ndef handler(event, context):\n    time.sleep(600)\n"
    name = deploy(aws, with_properties("Function", InlineCode=slow, Timeout=900))["FunctionName"]
    client(aws, "lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")

    with pytest.raises(TimeoutError, match="1 deliveries still pending"):
        aws.settle(0)


def test_a_group_lives_in_the_vpc_that_describe_vpcs_shows(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="in-vpc", Description="testing", VpcId=vpc)["GroupId"]

    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["VpcId"] == vpc
    names = {
        group["GroupName"]
        for group in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    }
    assert names == {"default", "in-vpc"}


def test_groups_of_two_regions_do_not_meet(aws: EmbeddedAws) -> None:
    open_to_the_world(aws)
    answer = aws_cli(aws, "ec2", "describe-security-groups", "--region", "eu-central-1")

    assert [group["GroupName"] for group in json.loads(answer.stdout)["SecurityGroups"]] == ["default"]


def _children() -> list[str]:
    """The runtime clients that are children of this process."""
    listing = subprocess.run(["ps", "-A", "-o", "ppid=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in listing.stdout.splitlines()]
    return [line[1] for line in lines if line[0] == str(os.getpid()) and "awslambdaric" in line[1]]
