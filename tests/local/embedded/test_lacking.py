"""Operations that exist nowhere in the embedded AWS: one error that names it; and the ids of answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client

LACKING: list[tuple[str, str, dict[str, Any], str]] = [
    ("ec2", "describe_fast_launch_images", {}, "DescribeFastLaunchImages of ec2"),
    (
        "iam",
        "simulate_custom_policy",
        {"PolicyInputList": [], "ActionNames": ["s3:Get"]},
        "SimulateCustomPolicy of iam",
    ),
    ("logs", "list_integrations", {}, "ListIntegrations of logs"),
    ("lambda", "list_code_signing_configs", {}, "ListCodeSigningConfigs of lambda"),
    ("route53", "list_cidr_collections", {}, "ListCidrCollections of route53"),
    ("wisdom", "list_assistants", {}, "ListAssistants of wisdom"),
    ("accessanalyzer", "list_analyzers", {}, "ListAnalyzers of access-analyzer"),
]
IDENTIFIED = ["ec2", "sts", "sqs", "events", "lambda", "s3"]


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def aws(log: list[str]) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=log.append) as embedded:
        yield embedded


@pytest.mark.parametrize(("service", "operation", "arguments", "named"), LACKING)
def test_an_operation_that_exists_nowhere_is_one_final_error_that_names_it(
    aws: EmbeddedAws,
    log: list[str],
    capfd: pytest.CaptureFixture[str],
    service: str,
    operation: str,
    arguments: dict[str, Any],
    named: str,
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(aws, service), operation)(**arguments)

    assert refused.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert refused.value.response["Error"]["Message"] == f"The embedded AWS has no {named}. Nothing was done."
    assert len(aws.calls) == 1  # no SDK tries it again
    assert (log, capfd.readouterr()) == ([], ("", ""))


def test_a_part_of_an_operation_that_is_lacking_is_named_too(aws: EmbeddedAws, log: list[str]) -> None:
    with pytest.raises(ClientError, match=r"\(UnsupportedOperation\)") as refused:
        client(aws, "ec2").describe_vpcs(Filters=[{"Name": "colour", "Values": ["red"]}])

    assert refused.value.response["Error"]["Message"] == (
        "The embedded AWS lacks what this DescribeVpcs of ec2 asks for. "
        "The filter 'colour' for DescribeVpcs has not been implemented yet."
    )
    assert log == []


@pytest.mark.parametrize("service", IDENTIFIED)
def test_each_answer_carries_the_id_of_its_request_refusals_too(aws: EmbeddedAws, service: str) -> None:
    called, region = client(aws, service), client(aws, service, region="us-esat-1")
    operation = {
        "ec2": "describe_security_groups",
        "sts": "get_caller_identity",
        "sqs": "list_queues",
        "events": "list_rules",
        "lambda": "list_functions",
        "s3": "list_buckets",
    }[service]
    answered = getattr(called, operation)()["ResponseMetadata"]
    with pytest.raises(ClientError, match="InvalidRegion") as refused:
        getattr(region, operation)()
    denied = refused.value.response["ResponseMetadata"]

    ids = [each["HTTPHeaders"]["x-amzn-requestid"] for each in (answered, denied)]
    assert all(ids)
    assert ids[0] != ids[1]


def test_the_id_in_the_headers_is_that_in_the_body(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    answered = ec2.describe_security_groups()["ResponseMetadata"]
    with pytest.raises(ClientError) as refused:
        ec2.describe_security_groups(GroupIds=["sg-0123456789abcdef0"])

    for told in (answered, refused.value.response["ResponseMetadata"]):
        assert told["HTTPHeaders"]["x-amzn-requestid"] == told["RequestId"]
