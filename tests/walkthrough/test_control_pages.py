"""The lines of each control's page, run as they are printed: they open a resource, show that, and close it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from cloudmend.controls import IDS, by_id, every
from docs_blocks import by_hand as page_lines
from local.embedded.helpers import ACCOUNT
from walkthrough.blocks import ROOT, lines
from walkthrough.buckets import ACCOUNT_BLOCK
from walkthrough.by_hand import EVERY, ByHand, an_account_by_hand, applied, scanned
from walkthrough.conftest import run
from walkthrough.settings import BY_EVENT, CONSOLE, OF_THE_REGION, TAGGED
from walkthrough.test_deployed_controls import CLUSTER_SNAPSHOT, SNAPSHOT, Proof

TO_FILL_IN = re.compile(r"(?<![\w-])[A-Z][A-Z_]{2,}(?![\w-])")
BY_PAGE = [proof for proof in EVERY if proof is not CLUSTER_SNAPSHOT]  # the page's lines are for a DB snapshot
QUICK = (SNAPSHOT, CONSOLE)
# The word on the page is not the id that cloudmend has for the resource.
NAMES: Mapping[str, Callable[[str], str]] = {
    "rds_instance_public": lambda resource: resource.partition(":")[2],
    "rds_snapshot_public": lambda resource: resource.partition(":")[2],
    "secret_policy_public": lambda resource: f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{resource}",
    "sns_policy_public": lambda resource: f"arn:aws:sns:us-east-1:{ACCOUNT}:{resource}",
    "sqs_policy_public": lambda resource: f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{resource}",
}


def page(control: str) -> str:
    return f"docs/controls/{control}.md"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ByHand]:
    with an_account_by_hand(tmp_path_factory.mktemp("home")) as made:
        yield made


def test_each_page_has_three_lines_and_a_scan_and_names_what_is_to_be_filled_in() -> None:
    """What is off by default has no scan, which would not look at it."""
    for control in every():
        text, commands = (ROOT / page(control.id)).read_text(encoding="utf-8"), lines(page(control.id), "try")
        aws = [line for line in commands if line.startswith("aws ")]
        scan = [] if control.mode == "off" else [f"cloudmend scan --control {control.id}"]
        assert (len(aws), commands) == (3, [*aws[:2], *scan, *aws[2:]])
        words = {word for line in aws for word in TO_FILL_IN.findall(line)}
        assert len(words) <= 1
        assert all(f"\n{word} is the " in text for word in words)


def test_a_control_without_lines_says_where_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_lines, "_all", dict)
    with pytest.raises(ValueError, match=r"^ebs_snapshot_public has no lines to try it: write \[ebs_snapshot_public\]"):
        page_lines.section(by_id("ebs_snapshot_public"))


def test_every_control_has_its_lines_run() -> None:
    assert {proof.control for proof in (*BY_PAGE, *BY_EVENT)} == set(IDS)


@pytest.mark.parametrize(
    "proof",
    [pytest.param(proof, marks=[] if proof in QUICK else [pytest.mark.deep], id=proof.control) for proof in BY_PAGE],
)
def test_the_lines_of_its_page_open_it_show_it_and_close_it(account: ByHand, proof: Proof) -> None:
    resource = proof.make(account, f"page-{proof.control.replace('_', '-')}")
    filled = NAMES.get(proof.control, str)(resource)
    opening, see, scan, closing = (TO_FILL_IN.sub(filled, line) for line in lines(page(proof.control), "try"))
    bash(account, opening)
    applied(account, proof, resource)
    shown = bash(account, see)
    assert (proof.noun if proof in (*OF_THE_REGION, ACCOUNT_BLOCK) else resource) in bash(account, scan)
    assert scanned(account, proof, resource)
    bash(account, closing)
    applied(account, proof, resource)
    assert bash(account, see) != shown
    assert not scanned(account, proof, resource)


@pytest.mark.deep
def test_the_lines_of_a_page_of_what_only_an_event_tells_make_it_show_it_and_end_it(account: ByHand) -> None:
    image = TAGGED.make(account, "page-of-an-event")
    opening, see, closing = (TO_FILL_IN.sub(image, line) for line in lines(page(TAGGED.control), "try"))
    others = account.scanned("--control", TAGGED.control)["rows"]
    bash(account, opening)
    shown = bash(account, see)
    assert len(account.scanned("--control", TAGGED.control)["rows"]) == len(others) + 1
    bash(account, closing)
    assert bash(account, see) != shown
    assert account.scanned("--control", TAGGED.control)["rows"] == others


def bash(account: ByHand, line: str) -> str:
    return run(["bash", "-c", line], account.environment).stdout
