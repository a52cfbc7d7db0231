"""A stack that is deployed into an account with old openings: it changes nothing, reports once, and mends the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cloudmend.controls import ids
from cloudmend.core.standing import StandingResource, Unit
from local.embedded.helpers import ACCOUNT
from walkthrough.conftest import run
from walkthrough.deployed import RULES_OF_CONTROLS, Deployed, an_account
from walkthrough.packaged import deploy, update
from walkthrough.test_deployed_controls import (
    BUCKET,
    BY_DEFAULT,
    DEFAULT_GROUP,
    ONE_EACH,
    QUEUE,
    REGION,
    SNAPSHOT,
    SNAPSHOT_BLOCK,
    cli,
    mails,
    subscribe,
)

GROUP = "security_group_ingress"
OPEN, MENDED = [("0.0.0.0/0",)], [("10.0.0.0/8",)]


class Old:
    """What was open before the stack was there, by control."""

    def __init__(self, account: Deployed) -> None:
        self.group = account.group("old")
        account.open(self.group, "0.0.0.0/0")
        self.made = {proof.control: proof.make(account, "old-" + proof.control.replace("_", "-")) for proof in ONE_EACH}
        for proof in ONE_EACH:
            cli(account, *proof.open(self.made[proof.control]))
        self.state = self.read(account)

    def read(self, account: Deployed) -> list[Any]:
        """All of it as AWS shows it."""
        return [sources(account, self.group), *(proof.read(account, self.made[proof.control]) for proof in ONE_EACH)]


def sources(deployed: Deployed, group_id: str) -> list[tuple[str, ...]]:
    words = ["ec2", "describe-security-groups", "--group-ids", group_id]
    (group,) = cli(deployed, *words)["SecurityGroups"]
    return [tuple(each["CidrIp"] for each in rule["IpRanges"]) for rule in group["IpPermissions"]]


def digests(deployed: Deployed) -> list[dict[str, Any]]:
    return [event["detail"] for event in deployed.aws.events if event["detail-type"] == "cloudmend digest"]


def units(deployed: Deployed) -> dict[str, Unit]:
    return {each.control: each for each in deployed.ledger().units() if isinstance(each, Unit)}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployed, Old]]:
    with an_account(tmp_path_factory.mktemp("sam")) as deployed:
        old = Old(deployed)
        deploy(deployed, S3BucketBlockPublicAccessRights="fix", NoticeEmail="team@example.com")
        subscribe(deployed)
        yield deployed, old


def test_the_first_sweep_starts_with_the_deployment_and_changes_nothing(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    assert old.read(deployed) == old.state
    woken = [each for each in deployed.aws.deliveries if "DeploymentRule" in each.rule]
    assert [(each.error, each.attempts) for each in woken] == [(None, 1)]
    found = [each for each in deployed.ledger().all_standing() if isinstance(each, StandingResource)]
    by_id = {each.resource.id: {finding.status for finding in each.findings} for each in found}
    assert all(by_id[each] == {"baseline"} for each in (old.group, *old.made.values()))
    assert all(unit.baseline and unit.read for unit in units(deployed).values())
    assert units(deployed).keys() == {*ids()} - {"instance_owner_tag"}  # which is off


def test_it_reports_each_control_once_however_often_it_sweeps(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    found = {GROUP, *(proof.control for proof in ONE_EACH), *BY_DEFAULT}
    assert sorted((each["control"], each["is_baseline"]) for each in digests(deployed)) == [
        (control, True) for control in sorted(found)
    ]
    answer = deployed.invoke("SweepFunction")
    held = 2 + len(ONE_EACH) + len(BY_DEFAULT)  # and the group, and the default one of the endpoint service's VPC
    assert (answer["records"], answer["digest"], answer["held"]) == ([], 0, held)
    (record,) = deployed.records(old.group)
    assert (record["status"], record["notice"]) == ("observed", "digest")
    assert "it was there before cloudmend; cloudmend fix --ledger TABLE mends it" in record["summary"]
    assert len(digests(deployed)) == len(found)
    assert mails(deployed, "") == []
    assert old.read(deployed) == old.state


def test_what_is_opened_next_is_mended_by_its_event(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    group = deployed.group("next")
    run(["./bad_boy.sh", group], deployed.environment)
    new = [(proof, proof.make(deployed, "new-" + proof.control.replace("_", "-"))) for proof in (SNAPSHOT, QUEUE)]
    for proof, resource in new:
        cli(deployed, *proof.open(resource))
    deployed.settle()
    assert sources(deployed, group) == MENDED * 2
    assert [proof.read(deployed, resource) for proof, resource in new] == [proof.mended for proof, _ in new]
    assert old.read(deployed) == old.state


def test_what_is_opened_beside_the_baseline_is_mended_and_the_baseline_stays(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    rdp = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    deployed.client("ec2").authorize_security_group_ingress(GroupId=old.group, IpPermissions=[rdp])
    deployed.settle()
    assert sorted(sources(deployed, old.group)) == sorted(OPEN + MENDED)
    deployed.client("ec2").revoke_security_group_ingress(
        GroupId=old.group, IpPermissions=[{**rdp, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    )
    deployed.settle()
    assert old.read(deployed) == old.state


def test_what_no_event_reported_is_mended_by_the_next_sweep(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    rules = [deployed.resource(name) for name in ("ScheduledRule", *RULES_OF_CONTROLS)]
    assert rules
    with deployed.without_events():
        group = deployed.group("missed")
        deployed.open(group, "0.0.0.0/0")
        answer = deployed.invoke("SweepFunction")
    assert [record["status"] for record in answer["records"]] == ["mended"]
    assert sources(deployed, group) == MENDED
    assert old.read(deployed) == old.state


@pytest.mark.deep
def test_an_update_takes_no_second_baseline(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    marks = {control: unit.baseline for control, unit in units(deployed).items()}
    with deployed.without_events():
        group = deployed.group("before-the-update")
        deployed.open(group, "0.0.0.0/0")
    update(deployed, Budget="99")
    deployed.settle()
    assert {control: unit.baseline for control, unit in units(deployed).items()} == marks
    assert sources(deployed, group) == MENDED
    assert old.read(deployed) == old.state


def test_scan_and_explain_name_it_by_the_stack_and_by_its_ledger(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    person, told = deployed.environment, "it was there before cloudmend (baseline of "
    for given in (["--stack-name", "cloudmend"], ["--ledger", deployed.resource("LedgerTable")]):
        where = ["--region", "us-east-1", *given]
        report = json.loads(run(["cloudmend", "scan", "--format", "json", *where], person).stdout)
        (row,) = [each for each in report["rows"] if each["resource"] == old.group]
        assert (row["action"], told in row["outcome"]) == ("observe", True)
        assert told in run(["cloudmend", "explain", old.group, *where], person).stdout.replace("\n  ", " ")


def test_a_person_lists_it_and_fix_accepts_it(account: tuple[Deployed, Old]) -> None:
    deployed, old = account
    person = deployed.environment
    where = ["--region", "us-east-1", "--ledger", deployed.resource("LedgerTable")]
    listed = json.loads(run(["cloudmend", "records", "--standing", "--json", *where], person).stdout)
    assert old.group in {each["resource"]["id"] for each in listed["standing"]}
    run(["cloudmend", "fix", "--yes", *where], person, status=1)  # the buckets are only reported
    deployed.settle()
    assert sources(deployed, old.group) == MENDED
    fixed = [proof for proof in ONE_EACH if proof is not BUCKET]
    assert [proof.read(deployed, old.made[proof.control]) for proof in fixed] == [proof.mended for proof in fixed]
    left = [each for each in deployed.ledger().all_standing() if isinstance(each, StandingResource)]
    assert {each.control for each in left} == {BUCKET.control, *BY_DEFAULT} - {
        SNAPSHOT_BLOCK.control,
        DEFAULT_GROUP.control,
    }
    assert {each.resource.id for each in left} == {old.made[BUCKET.control], REGION, ACCOUNT}
