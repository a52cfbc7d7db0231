"""`cloudmend explain`, held for every control: by an id, by an ARN, and by the event that put a resource at fault."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cloudmend.cli.context import LookContext
from cloudmend.cli.explain.run import Place, explain_event, explain_id
from cloudmend.cli.scan.report import outcome
from cloudmend.cli.subjects import subjects, subjects_by_name
from cloudmend.controls import woken_by
from cloudmend.core.errors import CloudmendError
from cloudmend.core.escaping import cut
from cloudmend.core.model import Json
from cloudmend.core.policy.model import Decision, Policy
from cloudmend.disk.policy_file import PACKAGED, read_policy
from cloudmend.testing.bench import REGION, Bench
from cloudmend.testing.specimen import needs
from cloudmend.testing.suite import bench as bench
from cloudmend.testing.suite import pytest_generate_tests as pytest_generate_tests
from cloudmend.testing.suite import specimen as specimen
from kit.specimens import SPECIMENS as SPECIMENS
from local.embedded.helpers import ACCOUNT, SETTLE_S

MOST = 300  # characters of a value that are shown


def context(bench: Bench, policy: Policy | None = None) -> LookContext:
    return LookContext(policy or bench.policy(), bench.clock.now(), account=ACCOUNT)


def by_id(bench: Bench, text: str, policy: Policy | None = None) -> str:
    return "\n".join(explain_id(text, context(bench, policy), Place(REGION, bench.api)))


def block(told: str, bench: Bench) -> str:
    """The lines of the control about the resource; the name of a Region stands for each setting there."""
    blocks = re.split(rf"^(?=.* in .*{REGION}:$)", told, flags=re.MULTILINE)
    about = [each for each in blocks if each.startswith(f"{bench.said} in ")]
    (found,) = [each for each in about if len(about) == 1 or bench.control.id in each]
    return found


def arn(bench: Bench) -> str:
    return bench.control.resource.arn.format(partition="aws", region=REGION, account=ACCOUNT, id=bench.id)


def event(bench: Bench) -> Json:
    """CloudTrail's report of the call that put the resource at fault."""
    bench.aws.settle(SETTLE_S)
    names = {trigger.name for trigger in bench.control.triggers}
    found: Json = [each for each in bench.aws.events if each["detail"]["eventName"] in names][-1]
    return found


@needs(lambda each: not each.by_event)
def test_an_id_is_told_with_each_part_why_it_is_at_fault_and_what_would_be_done(bench: Bench) -> None:
    told = by_id(bench, bench.id)
    control = bench.control
    told, parts = block(told, bench), bench.state().parts
    record = bench.mend()
    assert all(f"\n{part}, " in told for part in parts)
    at_fault = {finding.part for finding in record.findings}  # what else a mend adds or removes is told beside these
    for edit in (each for each in record.edits if each.part in parts and each.part in at_fault):
        assert f"{edit.part}, {cut(edit.before, MOST)}: at fault, because {edit.why}." in told
        assert f"{edit.part} {outcome(Decision('fix', f'control.{control.id}.mode is fix'), edit)}." in told


def test_what_was_mended_is_told_as_not_at_fault(bench: Bench) -> None:
    bench.mend()
    told = by_id(bench, bench.id)
    clear, settings = bench.control.clear, bench.settings
    limits = clear(bench.resource, bench.state(), settings) if clear else f"no finding of {bench.control.id}"
    assert f"{bench.id} is not at fault: {limits}; nothing would be done." in told
    assert "at fault, because" not in block(told, bench)


@needs(lambda each: each.control.resource.arn)
def test_an_arn_says_the_same_as_the_id(bench: Bench) -> None:
    assert by_id(bench, arn(bench)) == by_id(bench, bench.id)


@needs(lambda each: "{account}" in each.control.resource.arn)
def test_an_arn_of_another_account_is_not_looked_for_here(bench: Bench) -> None:
    with pytest.raises(CloudmendError, match="is of account 111122223333, and your credentials belong to account"):
        by_id(bench, arn(bench).replace(ACCOUNT, "111122223333"))
    assert bench.api.calls == []


def test_its_event_is_told_with_the_resource_that_it_leads_to(bench: Bench) -> None:
    place = Place(REGION, bench.api)
    told = "\n".join(explain_event(event(bench), context(bench), lambda _: place))
    assert f"It points at {bench.control.resource.type} {bench.id}, which leads to {bench.id}." in told
    assert "at fault, because" in told
    assert "No control watches" not in told


@needs(lambda each: not each.by_event)
def test_an_event_of_a_control_that_is_off_says_that_it_is_off(bench: Bench) -> None:
    raw = event(bench)
    bench.api.calls.clear()
    off = context(bench, bench.policy("off"))
    told = "\n".join(explain_event(raw, off, lambda _: Place(REGION, bench.api)))
    assert f"{bench.control.id} watches such calls, but the policy has it off: it does nothing." in told
    assert "No control watches" not in told
    read = {
        right.action for control in woken_by([bench.event()]) if control != bench.control for right in control.reads
    }
    assert {call.action for call in bench.api.calls} <= read


@needs(lambda each: not each.by_event)
def test_what_only_observes_says_what_would_be_done_otherwise(bench: Bench) -> None:
    assert f"is only reported (control.{bench.control.id}.mode is observe), otherwise would " in by_id(
        bench, bench.id, bench.policy("observe")
    )


def test_an_exemption_of_the_policy_is_named(bench: Bench) -> None:
    scope = f'control = "{bench.control.id}"\nresource = "{bench.id}"\n'
    exemption = f'[[exemption]]\n{scope}owner = "alice"\nreason = "a test"\nexpires = 9999-12-31\n'
    assert "is left open (exempt: resource " in by_id(bench, bench.id, bench.policy(more=exemption))


@needs(lambda each: each.control.words.fault == "shared with every AWS account")
def test_a_request_that_a_stranger_could_make_is_shown(bench: Bench) -> None:
    told = by_id(bench, bench.id)
    assert "\nProof, from any other account: aws " in told
    bench.mend()
    assert "Proof" not in by_id(bench, bench.id)


@needs(lambda each: each.control.id == "sqs_policy_public")
def test_a_name_that_fits_several_kinds_is_explained_as_each_that_there_is(bench: Bench) -> None:
    bench.client("s3").create_bucket(Bucket=bench.id)
    bench.client("s3").delete_public_access_block(Bucket=bench.id)
    told = by_id(bench, bench.id, read_policy({}, PACKAGED))
    assert f"SQS queue {bench.id} in {REGION}:" in told
    assert f"S3 bucket {bench.id} in {REGION}:" in told
    assert "DB snapshot" not in told


@needs(lambda each: each.control.id == "sqs_policy_public")
def test_what_is_nowhere_is_said_with_the_kinds_that_it_was_looked_for_as(bench: Bench) -> None:
    kinds = "S3 bucket or SNS topic or SQS queue or SSM document or RDS database or DB snapshot"
    with pytest.raises(CloudmendError, match=f"no-such-thing does not exist in {REGION} as .*{kinds}\\."):
        by_id(bench, "no-such-thing")


@needs(lambda each: each.control.id == "rds_snapshot_public")
def test_a_db_snapshot_is_found_by_its_bare_name(bench: Bench) -> None:
    """As its ARN ends it has a kind before the name, and two kinds may have the same name."""
    told = by_id(bench, bench.id.rpartition(":")[2], read_policy({}, PACKAGED))
    assert [line for line in told.splitlines() if line.startswith("DB ")] == [f"DB snapshot {bench.id} in {REGION}:"]


def test_a_name_without_a_prefix_is_of_all_kinds_and_an_id_is_of_its_own() -> None:
    ids = [each.resource.id for each in subjects_by_name("orders")]
    assert ids[-2:] == ["snapshot:orders", "cluster-snapshot:orders"]
    for whole in ("snap-0123456789abcdef0", "snapshot:orders", "event.json", "sgr-0123456789abcdef0"):
        assert subjects_by_name(whole) == subjects(whole)


def test_an_id_that_aws_gives_is_of_one_kind_but_a_group_can_be_the_default_one() -> None:
    assert [each.control.id for each in subjects("snap-0123456789abcdef0")] == ["ebs_snapshot_public"]
    groups = ["security_group_ingress", "default_security_group"]
    assert [each.control.id for each in subjects("sg-0123456789abcdef0")] == groups
    (rule,) = subjects("sgr-0123456789abcdef0")
    assert (rule.control.id, rule.part) == ("security_group_ingress", "sgr-0123456789abcdef0")
    assert len(subjects("a-name")) > 1
    assert subjects("event.json") == subjects("./a/path") == ()


@needs(lambda each: each.control.id == "sqs_policy_public")
def test_a_read_that_fails_under_one_control_is_told_and_hides_no_other(bench: Bench) -> None:
    get = bench.api.get

    def refused(call: Any, *more: Any) -> Any:
        if call.service == "ssm":
            raise CloudmendError("AWS does not answer.")
        return get(call, *more)

    bench.api.get = refused  # type: ignore[method-assign, assignment]
    told = by_id(bench, bench.id)
    assert f"SSM document {bench.id}: AWS does not answer." in told
    assert f"SQS queue {bench.id} in {REGION}:" in told
