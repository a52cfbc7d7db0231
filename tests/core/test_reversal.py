"""Which intents are believed when a crash is completed: those whose steps fit what was there before."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.s3_bucket_block_public_access import CONTROL
from cloudmend.core.errors import UndoRefused
from cloudmend.core.model import Intent, Resource, Step
from cloudmend.core.reversal import check_intent
from ledgers.values import intent

BUCKET = Resource(type=CONTROL.resource.type, id="a-bucket")
ON = {"BlockPublicAcls": True, "IgnorePublicAcls": False}


def planned(parts: dict[str, Any], *steps: Step, resource: Resource = BUCKET) -> Intent:
    return intent(control=CONTROL.id, resource=resource, before={"parts": parts, "labels": {}}, steps=steps)


def test_steps_that_fit_the_before_image_are_believed() -> None:
    check_intent(CONTROL, planned(ON, Step("IgnorePublicAcls", False, True)))


def test_a_part_that_was_not_there_fits_a_step_that_adds_it() -> None:
    check_intent(CONTROL, planned({}, Step("BlockPublicAcls", None, True)))


@pytest.mark.parametrize(
    "spoiled",
    [
        planned(ON, Step("BlockPublicAcls", False, True)),
        planned({}, Step("BlockPublicAcls", False, True)),
        planned(ON, Step("IgnorePublicAcls", False, True), resource=Resource(type="AWS::SQS::Queue", id="a-bucket")),
        planned(ON, Step("IgnorePublicAcls", False, True), resource=Resource(type=BUCKET.type, id="A BUCKET")),
    ],
    ids=["another value", "no value", "another kind", "no id"],
)
def test_what_contradicts_itself_is_refused_with_where_to_look(spoiled: Intent) -> None:
    with pytest.raises(
        UndoRefused, match="cannot be trusted: what it did and what was there before do not fit"
    ) as told:
        check_intent(CONTROL, spoiled)
    assert "Look up in CloudTrail what was done to S3 bucket" in str(told.value)
