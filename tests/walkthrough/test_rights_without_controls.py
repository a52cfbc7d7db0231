"""The rights of the sweep that no control gives it too: a stack whose controls may do nothing reads its own queue.

`scripts/check_rights.py` runs this test: with the control of queues, another statement grants a part of the same.
"""

from __future__ import annotations

import pytest

from cli.doctor.patient import Patient
from cloudmend.controls import every
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import SETTLE_S, client, unheard


@pytest.mark.deep
def test_the_sweep_takes_what_is_in_its_queue() -> None:
    with EmbeddedAws(log=unheard) as aws:
        stack = Patient(aws)
        stack.deploy(**{f"{control.id.title().replace('_', '')}Rights": "off" for control in every()})
        sqs, queue = client(aws, "sqs"), stack["ContinuationQueue"]
        sqs.send_message(QueueUrl=queue, MessageBody="{}")
        aws.settle(SETTLE_S)
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        assert set(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"].values()) == {"0"}
