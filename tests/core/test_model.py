from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.model import Request
from records import MENDED
from support import NOW


def test_a_request_is_told_as_an_aws_cli_command_that_a_shell_reads_back_unchanged() -> None:
    params = {"GroupId": "sg-1", "Description": 'it\'s $(rm -rf /) "here"; \n`x`'}
    command = Request("ec2:RevokeSecurityGroupIngress", params).command("eu-west-1")
    *words, body = shlex.split(command)
    assert words == ["aws", "ec2", "revoke-security-group-ingress", "--region", "eu-west-1", "--cli-input-json"]
    assert json.loads(body) == params


@pytest.mark.parametrize(
    ("fields", "waits"),
    [({}, False), ({"budget_spent": True}, True), ({"retry_at": NOW}, True)],
)
def test_a_record_waits_if_the_budget_is_spent_or_it_is_tried_again(fields: dict[str, Any], waits: bool) -> None:
    assert replace(MENDED, **fields).waits is waits
