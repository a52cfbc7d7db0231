"""The most that a deployed stack lets each control do, as its template's parameters say it."""

from __future__ import annotations

import pytest

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.model import RIGHTS, name_of, rights_parameter
from support import policy


def test_each_control_has_a_parameter_of_its_name() -> None:
    assert name_of("s3_bucket_block_public_access") == "S3BucketBlockPublicAccess"
    assert rights_parameter("ebs_snapshot_public") == "EbsSnapshotPublicRights"


def test_rights_are_read_by_control() -> None:
    said = "ebs_snapshot_public=observe  sqs_policy_public=off s3_bucket_block_public_access=fix"
    assert policy(rights=said).rights == {
        "ebs_snapshot_public": "observe",
        "sqs_policy_public": "off",
        "s3_bucket_block_public_access": "fix",
    }
    assert policy().rights == {}


@pytest.mark.parametrize(("word", "mode"), [("ebs_snapshot_public=all", "all"), ("ebs_snapshot_public=fix=x", "fix=x")])
def test_a_right_that_is_no_mode_is_refused_by_its_parameter(word: str, mode: str) -> None:
    with pytest.raises(PolicyError) as refused:
        policy(rights=word)
    assert refused.value.faults == (
        (
            f"{RIGHTS} (template parameter EbsSnapshotPublicRights): {mode!r} is not a mode. Write fix (mend it), "
            "observe (only report it), or off."
        ),
    )
