"""What becomes of what was there before: by control, by account, and by default."""

from __future__ import annotations

import pytest

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.model import Choice, Modes, Policy
from cloudmend.core.policy.modes import existing_of
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
        (f'control.{CONTROL}.existing.account.{ACCOUNT} = "fix"', "fix"),
        (f'control.{CONTROL}.existing = {{ default = "observe", account.{ACCOUNT} = "fix" }}', "fix"),
    ],
)
def test_the_line_that_names_both_counts_and_otherwise_the_more_cautious(text: str, wanted: str) -> None:
    assert existing_of(policy(text), CONTROL, ACCOUNT) == wanted


@pytest.mark.parametrize("key", ["existing", f"control.{CONTROL}.existing", f"existing.account.{ACCOUNT}"])
def test_a_setting_of_the_stack_says_it_as_the_file_does(key: str) -> None:
    assert existing_of(policy(settings=f"{key}=fix"), CONTROL, ACCOUNT) == "fix"


def test_what_nothing_is_said_of_is_only_reported() -> None:
    assert existing_of(Policy(mode=Modes(default="fix"), existing=Choice()), CONTROL, ACCOUNT) == "observe"


WRITE = "Write observe (keep it as a baseline, and report it), or fix (mend it)."
NO_WORD = "'fx' is not what can become of what was there before"
NO_ACCOUNT = "'1' is not the id of an account. Write it in full, without wildcards: 111122223333."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('existing = "fx"', f"line 1: existing: {NO_WORD}. {WRITE}"),
        ('[existing]\ndefault = "fx"', f"line 2: existing.default: {NO_WORD}. {WRITE}"),
        (f'[existing.account]\n{ACCOUNT} = "fx"', f"line 2: existing.account.{ACCOUNT}: {NO_WORD}. {WRITE}"),
        ('[existing.account]\n1 = "fix"', f"line 2: existing.account.1: {NO_ACCOUNT}"),
        (
            f'[control.{CONTROL}.existing.account]\n1 = "fix"',
            f"line 2: control.{CONTROL}.existing.account.1: {NO_ACCOUNT}",
        ),
    ],
)
def test_what_is_neither_word_or_no_account_is_refused_where_it_stands(text: str, fault: str) -> None:
    with pytest.raises(PolicyError) as refused:
        policy(text)
    assert refused.value.faults == (f"policy.toml, {fault}",)
