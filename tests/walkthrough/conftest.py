"""An AWS account on this machine, for programs that are run as a user runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session
from moto.server import ThreadedMotoServer

REGION = "us-east-1"


@pytest.fixture(scope="session")
def aws_environment() -> Iterator[dict[str, str]]:
    """The whole environment of a process that sees the local account, and nothing of the developer's."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": f"http://localhost:{port}",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    server.stop()


@pytest.fixture
def ec2(aws_environment: dict[str, str]) -> Any:
    """A botocore client of the local account."""
    return Session().create_client(
        "ec2",
        region_name=REGION,
        endpoint_url=aws_environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=aws_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws_environment["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def group_id(ec2: Any) -> str:
    """The id of a new security group without ingress rules, in a VPC of its own."""
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="testing", Description="testing", VpcId=vpc_id)
    return str(group["GroupId"])
