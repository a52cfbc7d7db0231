"""The template that forwards the calls of global services: what is in it, and that it is there only if one is heard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from msgspec.structs import replace
from samtranslator.yaml_helper import yaml_parse

from cloudmend.cli.build.own import own_controls, write_template
from cloudmend.core.contract import Control, Trigger
from cloudmend.core.partitions import GLOBAL_SOURCES, partition_of
from cloudmend.template.global_rules import FILE, global_template
from cloudmend.template.rules import find_controls

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "tests" / "fixtures" / "controls" / "iam_password_policy"


@pytest.fixture(scope="module")
def control() -> Control[Any]:
    (found,) = own_controls([FIXTURE]).values()
    return found


def test_the_template_that_is_committed_is_the_generated_one_and_none_is_if_no_control_hears_a_global_service() -> None:
    generated = global_template(find_controls().values())
    committed = ROOT / "templates" / FILE
    assert (committed.read_text(encoding="utf-8") if committed.exists() else "") == generated


def test_it_has_a_rule_that_forwards_by_a_role_that_can_do_nothing_else(control: Control[Any]) -> None:
    resources = yaml_parse(global_template([control]))["Resources"]
    rule = resources["IamControlsRule"]["Properties"]
    assert rule["EventPattern"] == {
        "source": ["aws.iam"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["iam.amazonaws.com"],
            "eventName": ["UpdateAccountPasswordPolicy"],
            "errorCode": [{"exists": False}],
        },
    }
    (target,) = rule["Targets"]
    assert (target["Arn"], target["RoleArn"]) == ({"Ref": "HomeBusArn"}, {"Fn::GetAtt": ["ForwardingRole", "Arn"]})
    (policy,) = resources["ForwardingRole"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Ref": "HomeBusArn"}}
    ]
    assert "Transform" not in yaml_parse(global_template([control]))


def test_calls_of_regional_services_are_not_in_it(control: Control[Any]) -> None:
    both = replace(control, triggers=(*control.triggers, Trigger("ec2.amazonaws.com", "StopInstances")))
    assert global_template([both]) == global_template([control])
    assert global_template([replace(control, triggers=both.triggers[1:])]) == ""


def test_cloudformation_s_linter_finds_nothing(control: Control[Any], tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(global_template([control]))
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, tmp_path / FILE], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_it_is_written_beside_the_template_of_a_build_and_goes_when_nothing_needs_it(
    tmp_path: Path, control: Control[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    template, shipped = tmp_path / "own" / "template.yaml", tuple(find_controls().values())
    write_template(template, (*shipped, control), tmp_path / "function")
    assert (template.parent / FILE).read_text() == global_template([*shipped, control])
    assert f"{template.parent / FILE} forwards the calls of global services." in capsys.readouterr().out
    write_template(template, shipped, tmp_path / "function")
    assert not (template.parent / FILE).exists()
    assert capsys.readouterr().out == ""


def test_services_that_are_called_global_have_one_endpoint_in_the_home_region_of_the_partition() -> None:
    (commercial, *_) = Session().get_data("endpoints")["partitions"]
    for source in GLOBAL_SOURCES:
        service = commercial["services"][source.partition(".")[0]]
        endpoint = service["endpoints"][service["partitionEndpoint"]]
        assert endpoint["credentialScope"]["region"] == partition_of("eu-west-1").home
