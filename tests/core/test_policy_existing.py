"""What becomes of what was there before: by control, by account, and by default."""

from __future__ import annotations

import pytest

from cloudmend.core.policy.existing import existing_of
from support import ACCOUNT, policy

CONTROL = "sqs_policy_public"
OTHER = "444455556666"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "observe"),
        ('existing = "fix"', "fix"),
        ('[existing]\ndefault = "fix"', "fix"),
        (f'existing.account.{ACCOUNT} = "fix"', "fix"),
        (f'existing.account.{OTHER} = "fix"', "observe"),
        (f'control.{CONTROL}.existing = "fix"', "fix"),
        ('control.ebs_snapshot_public.existing = "fix"', "observe"),
        (f'control.{CONTROL}.existing = "fix"\nexisting.account.{ACCOUNT} = "observe"', "observe"),
        (f'control.{CONTROL}.existing = "observe"\nexisting.account.{ACCOUNT} = "fix"', "observe"),
        (f'control.{CONTROL}.existing = "observe"\nexisting = "fix"', "observe"),
        (f'control.{CONTROL}.existing = {{ default = "observe", account.{ACCOUNT} = "fix" }}', "fix"),
    ],
)
def test_the_line_that_names_both_counts_and_otherwise_the_more_cautious(text: str, wanted: str) -> None:
    assert existing_of(policy(text), CONTROL, ACCOUNT) == wanted


@pytest.mark.parametrize("key", ["existing", f"control.{CONTROL}.existing", f"existing.account.{ACCOUNT}"])
def test_a_setting_of_the_stack_says_it_as_the_file_does(key: str) -> None:
    assert existing_of(policy(settings=f"{key}=fix"), CONTROL, ACCOUNT) == "fix"
