"""Each control by hand, without a stack: opened by an AWS CLI call, scanned, fixed, shown, taken back, and exempt."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.aws.gateway import Gateway, SystemClock
from cloudmend.cli.context import LookContext
from cloudmend.cli.scan.run import look_everywhere, report_of
from cloudmend.controls import IDS, every
from cloudmend.core.contract import Right
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client
from support import NOW, policy
from walkthrough.by_hand import ALL, EVERY, GROUP, ByHand, an_account_by_hand, opened, scanned
from walkthrough.conftest import run
from walkthrough.deployed import RIGHTS
from walkthrough.settings import BY_EVENT, CONSOLE, TAGGED
from walkthrough.test_deployed_controls import BUCKET, BY_DEFAULT, OF_RESOURCES, REGION, Proof

QUICK = (GROUP, *OF_RESOURCES[:4], CONSOLE)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ByHand]:
    with an_account_by_hand(tmp_path_factory.mktemp("home")) as account:
        yield account


def test_every_control_is_tried_by_hand() -> None:
    missing = set(IDS) - {proof.control for proof in (*EVERY, *BY_EVENT)}
    assert not missing, (
        "write a Proof, in tests/walkthrough/settings.py or beside it, and add it to EVERY of by_hand.py"
    )


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param(proof, marks=[] if proof in QUICK else [pytest.mark.deep], id=f"{proof.control}-{number}")
        for number, proof in enumerate(EVERY)
    ],
)
def test_what_an_aws_cli_call_opened_is_scanned_fixed_and_taken_back(by_hand: ByHand, proof: Proof) -> None:
    resource = opened(by_hand, proof, f"hand-{proof.control.replace('_', '-')}")
    before = proof.read(by_hand, resource)
    rows = scanned(by_hand, proof, resource)
    assert {(row["control"], row["noun"], row["action"]) for row in rows} == {(proof.control, proof.noun, "fix")}
    assert all(row["why"] and row["value"] for row in rows)
    words = ["--region", REGION, "--resource", resource, "--control", proof.control, "--policy", str(by_hand.policy)]
    done = json.loads(by_hand.cloudmend("fix", *words, "--yes", "--json"))
    assert {(each["control"], each["resource"]) for each in done["plan"]} == {(proof.control, resource)}
    (record,) = done["records"]
    assert (record["status"], record["event_name"]) == ("mended", "Fix")
    assert record["summary"].endswith(proof.said)
    assert proof.read(by_hand, resource) == proof.mended
    assert scanned(by_hand, proof, resource) == []
    (undo,) = done["undo"]
    identity = undo.split()[2]
    said = by_hand.cloudmend("undo", identity, "--region", REGION, "--for", "2h", "--reason", "a partner needs it")
    assert proof.restored in " ".join(said.split())
    assert proof.read(by_hand, resource) == before
    assert {row["action"] for row in scanned(by_hand, proof, resource)} == {"exempt"}
    left = json.loads(by_hand.cloudmend("fix", *words, "--yes", "--json"))
    assert (left["plan"], left["records"]) == ([], [])
    assert proof.read(by_hand, resource) == before


@pytest.mark.parametrize(
    "form", ["table", *(pytest.param(each, marks=pytest.mark.deep) for each in ("csv", "sarif", "html"))]
)
def test_every_format_shows_what_every_control_found(by_hand: ByHand, form: str) -> None:
    names = {proof.control: opened(by_hand, proof, f"{form}-{proof.control.replace('_', '-')}") for proof in ALL}
    said = by_hand.cloudmend("scan", "--region", REGION, "--policy", str(by_hand.policy), "--format", form)
    for control, resource in names.items():
        assert resource in said
        assert control in said
    if form == "csv":
        found = {(row["control"], row["resource"]) for row in csv.DictReader(io.StringIO(said))}
        assert set(names.items()) <= found


def test_what_only_observes_is_shown_and_never_fixed_even_if_it_is_named(by_hand: ByHand) -> None:
    bucket = opened(by_hand, BUCKET, "only-observed-by-hand")
    before = BUCKET.read(by_hand, bucket)
    said = by_hand.cloudmend("fix", "--region", REGION, "--resource", bucket, "--yes", status=1)
    assert "s3_bucket_block_public_access is observe, unless" in said
    assert "Plan: nothing to do." in said
    assert BUCKET.read(by_hand, bucket) == before


@pytest.mark.deep
def test_what_only_an_event_tells_is_reported_by_hand_and_never_mended(by_hand: ByHand) -> None:
    others = {row["resource"] for row in by_hand.scanned("--control", TAGGED.control)["rows"]}
    image = opened(by_hand, TAGGED, "by-hand-without-an-event")
    rows = by_hand.scanned("--control", TAGGED.control)["rows"]
    (row,) = (each for each in rows if each["resource"] not in others)
    assert (row["action"], row["part"]) == ("observe", "StartedBy")
    words = ("--region", REGION, "--resource", row["resource"], "--control", TAGGED.control)
    said = by_hand.cloudmend("fix", *words, "--policy", str(by_hand.policy), "--yes", status=1)
    assert "only the event of its launch says who launched it" in " ".join(said.split())
    assert TAGGED.read(by_hand, image) == []


def test_a_name_that_two_kinds_have_is_looked_for_under_both(by_hand: ByHand) -> None:
    """A bucket and a queue of one name: what is agreed for one is not done to the other."""
    queue = next(proof for proof in OF_RESOURCES if proof.control == "sqs_policy_public")
    name = opened(by_hand, BUCKET, "one-name-for-two")
    assert opened(by_hand, queue, name) == name
    words = ("fix", "--region", REGION, "--resource", name, "--policy", str(by_hand.policy), "--yes")
    done = by_hand.cloudmend(*words)
    assert "\n1 of 1 S3 bucket and 1 of 1 SQS queue proved closed.\n" in done
    assert BUCKET.read(by_hand, name) == BUCKET.mended
    assert queue.read(by_hand, name) == queue.mended


def test_a_resource_that_is_nowhere_is_said_to_be_nowhere(by_hand: ByHand) -> None:
    said = by_hand.cloudmend("fix", "--region", REGION, "--resource", "nobody-has-this", "--yes", status=1)
    assert "There is no resource nobody-has-this in what was read of these Regions." in said


def test_a_process_does_the_same(by_hand: ByHand) -> None:
    snapshot = opened(by_hand, OF_RESOURCES[0], "process")
    scan = run(["cloudmend", "scan", "--region", REGION], by_hand.environment).stdout
    assert snapshot in scan
    assert "shared with every AWS account" in scan
    fixed = run(["cloudmend", "fix", "--region", REGION, "--resource", snapshot, "--yes"], by_hand.environment).stdout
    assert "~ snapshot  shared with every AWS account -> not shared with every AWS account" in fixed
    assert "So far AWS reports no copy of it" in fixed
    assert "1 of 1 EBS snapshot proved closed." in fixed


def used(aws: EmbeddedAws, earlier: int) -> set[str]:
    names = {f"{call.service}:{call.operation}" for call in aws.calls[earlier:]}
    return {action for name in names for action in RIGHTS.get(name, (name,))}


def actions(rights: Sequence[Right]) -> set[str]:
    return {right.action for right in rights}


# Of functions and keys, which are opened by hand in the thorough profile, and of a proof after a mend.
_UNUSED_HERE = {
    "kms:GetKeyPolicy",
    "lambda:GetFunctionConfiguration",
    "lambda:GetResourcePolicy",
    "lambda:ListAliases",
    "s3:GetBucketPolicyStatus",
}


def test_a_scan_uses_the_rights_that_its_page_lists_and_no_other(by_hand: ByHand) -> None:
    for proof in ALL:
        opened(by_hand, proof, f"rights-{proof.control.replace('_', '-')}")
    earlier = len(by_hand.aws.calls)
    by_hand.cloudmend("scan", "--format", "csv")
    listed = {right for control in every() for right in actions((*control.reads, *control.looks))}
    needs_no_right = {"sts:GetCallerIdentity"}
    assert used(by_hand.aws, earlier) - needs_no_right <= listed | {"ec2:DescribeRegions"}
    only_for_lists = {right for right in listed if "PrefixList" in right} | {"ec2:DescribeVpcs"}
    assert listed - used(by_hand.aws, earlier) <= only_for_lists | _UNUSED_HERE


def refused_queues(aws: EmbeddedAws, region: str) -> Gateway:
    """A reader in a Region, whose user may not list queues."""

    def refuse(**_: Any) -> None:
        error = {"Code": "AccessDeniedException", "Message": "no identity-based policy allows sqs:ListQueues"}
        raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 403}}, "ListQueues")

    def connect(service: str) -> Any:
        made = client(aws, service, region=region)
        if service == "sqs":
            made.meta.events.register("before-send", refuse)
        return made

    return Gateway(region, connect, SystemClock())


@pytest.mark.parametrize(
    ("region", "finds"),
    [
        pytest.param(
            REGION, {proof.control for proof in ALL} - {"sqs_policy_public"} | BY_DEFAULT, marks=pytest.mark.deep
        ),
        ("eu-north-1", BY_DEFAULT),
    ],
)
def test_a_service_that_refuses_costs_its_own_control_and_hides_nothing_else(
    by_hand: ByHand, region: str, finds: set[str]
) -> None:
    """The first line is no all-clear, also where the others find nothing."""
    for proof in ALL if region == REGION else ():
        opened(by_hand, proof, f"refused-{proof.control.replace('_', '-')}")
    context = LookContext(policy(), NOW, account=ACCOUNT)
    report = report_of(look_everywhere({region: refused_queues(by_hand.aws, region)}, every(), context, quiet=True))
    assert [(each.control, each.region) for each in report.unread] == [("sqs_policy_public", region)]
    assert "sqs:ListQueues" in report.unread[0].error
    found = {row.control for row in report.rows}
    assert finds <= found
    assert "sqs_policy_public" not in found
    failed = f"1 of {len(IDS)} looks, each at one control in one Region, could not be finished"
    assert failed in report.summary
    assert "sqs_policy_public" not in report.holds
