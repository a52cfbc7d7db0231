"""The rights of the sweep that no control gives it too: a stack whose controls may do nothing reads its own queue.

`scripts/check_rights.py` runs this test: with the control of queues, another statement grants a part of the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cli.doctor.patient import Patient
from cloudmend.controls import every
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import SETTLE_S, client, unheard

OFF = {f"{control.id.title().replace('_', '')}Rights": "off" for control in every()}


@pytest.fixture(scope="module")
def stack() -> Iterator[Patient]:
    with EmbeddedAws(log=unheard) as aws:
        deployed = Patient(aws)
        deployed.deploy(**OFF)
        yield deployed


def counted(stack: Patient, queue: str) -> int:
    """The messages of a queue, those that somebody took included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    asked = {"QueueUrl": stack[queue], "AttributeNames": names}
    return sum(map(int, client(stack.aws, "sqs").get_queue_attributes(**asked)["Attributes"].values()))


@pytest.mark.deep
def test_the_sweep_takes_what_is_in_its_queue(stack: Patient) -> None:
    client(stack.aws, "sqs").send_message(QueueUrl=stack["ContinuationQueue"], MessageBody="{}")
    stack.aws.settle(SETTLE_S)
    assert counted(stack, "ContinuationQueue") == 0


@pytest.mark.deep
def test_what_does_not_wake_the_sweep_is_kept(stack: Patient) -> None:
    """The last test of this file: the function is gone after it."""
    client(stack.aws, "lambda").delete_function(FunctionName=stack["SweepFunction"])
    stack.aws.advance(timedelta(hours=6))
    assert stack.aws.deliveries[-1].error == "ResourceNotFoundException"
    assert counted(stack, "DeadLetterQueue") == 1
