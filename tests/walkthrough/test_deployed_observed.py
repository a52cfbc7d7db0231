"""Controls that only observe by default, deployed with the right to mend, whose writes AWS applies later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudmend.core.policy.model import name_of
from walkthrough.conftest import run
from walkthrough.deployed import Deployed, an_account
from walkthrough.template import UNDOER
from walkthrough.test_deployed_controls import APPROVED, SLOW, Proof, cli, deploy_with, mails, policy_says, records

pytestmark = pytest.mark.deep
FIXING = "".join(f'\n[control.{proof.control}]\nmode = "fix"\n' for proof in SLOW[1:]) + APPROVED


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with an_account(tmp_path_factory.mktemp("sam")) as account:
        deploy_with(account, **{f"{name_of(proof.control)}Rights": "fix" for proof in SLOW})
        policy_says(account, FIXING)
        yield account


@pytest.mark.parametrize("proof", SLOW, ids=[proof.control for proof in SLOW])
def test_what_aws_shows_later_is_looked_at_until_it_is_open_then_mended_told_and_taken_back(
    deployed: Deployed, proof: Proof
) -> None:
    made = proof.make(deployed, "proof")
    deployed.settle()
    clean = [record["status"] for record in records(deployed, made, proof.control)]
    assert set(clean) <= {"clean"}
    cli(deployed, *proof.open(made))
    deployed.settle()
    statuses = [record["status"] for record in records(deployed, made, proof.control)]
    assert statuses == [*clean, "deferred"]  # AWS shows the old value while it applies the new one
    opened = proof.read(deployed, made)
    *_, update = [each for each in deployed.aws.events if each["detail"].get("eventName") == proof_event(proof)]
    deployed.aws.put_event(update)
    deployed.settle()
    mended = next(each for each in records(deployed, made, proof.control) if each["status"] == "mended")
    assert mended["summary"] == f"{proof.noun} {made}: {proof.said}"
    assert proof.read(deployed, made) == proof.mended
    *_, mail = mails(deployed, f"{proof.noun} {made}")
    assert f"{proof.noun} {made}: " in mail
    undoing = ["cloudmend", "undo", mended["entry_id"], "--for", "2h", "--reason", "a partner needs it"]
    assert proof.restored in " ".join(run(undoing, deployed.assume(UNDOER)).stdout.split())
    assert proof.read(deployed, made) == opened


def proof_event(proof: Proof) -> str:
    """The name of the call that opens it: "modify-cluster" of the AWS CLI is ModifyCluster."""
    return {"rds_instance_public": "ModifyDBInstance"}.get(
        proof.control, "".join(word.capitalize() for word in proof.open("x")[1].split("-"))
    )
