"""A control that only observes by default, deployed with the right to mend, whose writes AWS applies later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from walkthrough.conftest import run
from walkthrough.deployed import Deployed, an_account
from walkthrough.template import UNDOER
from walkthrough.test_deployed_controls import APPROVED, CLUSTER, cli, deploy_with, mails, policy_says, records

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with an_account(tmp_path_factory.mktemp("sam")) as account:
        deploy_with(account, EksEndpointCidrsRights="fix")
        policy_says(account, APPROVED)
        yield account


def statuses(deployed: Deployed, cluster: str) -> list[str]:
    return [record["status"] for record in records(deployed, cluster, CLUSTER.control)]


def test_an_endpoint_is_looked_at_until_eks_shows_it_open_then_mended_told_and_taken_back(deployed: Deployed) -> None:
    cluster = CLUSTER.make(deployed, "proof")
    deployed.settle()
    cli(deployed, *CLUSTER.open(cluster))
    deployed.settle()
    assert statuses(deployed, cluster) == ["clean", "deferred"]  # EKS shows the old list while it applies the new one
    opened = CLUSTER.read(deployed, cluster)
    (update,) = [each for each in deployed.aws.events if each["detail"].get("eventName") == "UpdateClusterConfig"]
    deployed.aws.put_event(update)
    deployed.settle()
    mended = next(each for each in records(deployed, cluster, CLUSTER.control) if each["status"] == "mended")
    assert mended["summary"] == f"EKS cluster {cluster}: {CLUSTER.said}"
    assert CLUSTER.read(deployed, cluster) == CLUSTER.mended
    *_, mail = mails(deployed, f"EKS cluster {cluster}")
    assert f"EKS cluster {cluster}: " in mail
    undoing = ["cloudmend", "undo", mended["entry_id"], "--for", "2h", "--reason", "a partner needs it"]
    assert CLUSTER.restored in " ".join(run(undoing, deployed.assume(UNDOER)).stdout.split())
    assert CLUSTER.read(deployed, cluster) == opened
