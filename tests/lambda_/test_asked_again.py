"""The second question who took what was mended, as a message of the queue: asked when due, again in a minute, told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend import engine
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import ApiCall, Ignored, Resource
from cloudmend.core.ports import PutOff
from cloudmend.lambda_ import handlers
from cloudmend.lambda_.continuation import asked
from lambda_.conftest import Deployed
from lambda_.test_sweep import Outbox, outbox
from support import ACCOUNT, REGION

__all__ = ["outbox"]  # a fixture
PROBLEM = CloudmendError("The history said Throttled.")


class Asking:
    """Stands for the engine's question."""

    def __init__(self, *answers: Ignored | Exception) -> None:
        self.answers = list(answers)
        self.was_last: list[bool] = []

    def __call__(self, _: PutOff, control: Any, __: Any, *, is_last: bool) -> Ignored:
        assert control.id == "ebs_snapshot_public"
        self.was_last.append(is_last)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def task(deployed: Deployed, **fields: Any) -> PutOff:
    cause = ApiCall(event_id="e-1", source="", name="ModifySnapshotAttribute", time=None, account="", region="")
    plain = PutOff(
        due=deployed.account.clock.now(),
        account=ACCOUNT,
        region=REGION,
        control="ebs_snapshot_public",
        resource=Resource(type="AWS::EC2::Snapshot", id="snap-0123456789abcdef0"),
        cause=cause,
        mended="01ARZ3NDEKTSV4RRFFQ69G5FAV",
    )
    return replace(plain, **fields)


def handled(message: PutOff) -> dict[str, Any]:
    return handlers.sweep({"Records": [{"body": message.body()}]}, None)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Asking:
    asking = Asking(PROBLEM, Ignored("AWS reports nothing more"))
    monkeypatch.setattr(engine, "ask_again", asking)
    return asking


def test_before_it_is_due_nobody_is_asked(deployed: Deployed, outbox: Outbox, asking: Asking) -> None:
    later = task(deployed, due=deployed.account.clock.now() + timedelta(minutes=20))
    assert handled(later)["left"] == 1
    assert asking.was_last == []
    (message,) = outbox.sent
    assert (message["DelaySeconds"], asked({"Records": [{"body": message["MessageBody"]}]})) == (900, later)


def test_what_cannot_be_found_out_is_asked_again_in_a_minute(
    deployed: Deployed, outbox: Outbox, asking: Asking
) -> None:
    first = task(deployed)
    assert handled(first)["left"] == 1
    (message,) = outbox.sent
    left = asked({"Records": [{"body": message["MessageBody"]}]})
    again = deployed.account.clock.now() + timedelta(seconds=60)
    assert left == replace(first, due=again, failed=1)
    deployed.account.clock.sleep(60)
    assert isinstance(left, PutOff)
    assert handled(left) == {"records": [], "ignored": ["AWS reports nothing more"], "left": 0}
    assert asking.was_last == [False, False]


def test_the_third_time_is_the_last(deployed: Deployed, outbox: Outbox, asking: Asking) -> None:
    with pytest.raises(CloudmendError, match="Throttled"):
        handled(task(deployed, failed=2))
    assert asking.was_last == [True]
    assert not outbox.sent
