"""`cloudmend fix`: what its user may type wrong, and where nobody can be asked."""

from __future__ import annotations

import pytest

from cli.test_main import NOWHERE, cloudmend
from cloudmend.cli.fix.run import FixOptions
from cloudmend.core.errors import InputError


@pytest.mark.parametrize(("as_json", "is_terminal"), [(False, False), (True, True)])
def test_where_nobody_can_be_asked_it_is_bad_input(as_json: bool, is_terminal: bool) -> None:
    with pytest.raises(InputError, match=r"There is no terminal to ask on\. Pass --yes"):
        FixOptions(as_json=as_json).check(is_terminal=is_terminal)


@pytest.mark.parametrize("options", [FixOptions(yes=True), FixOptions(yes=True, as_json=True)])
def test_with_yes_nobody_needs_to_be_asked(options: FixOptions) -> None:
    options.check(is_terminal=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "cloudmend: There is no terminal to ask on. Pass --yes"),
        (["--resource", "a bastion", "--yes"], "'a bastion' is not the id or the ARN of anything that can be mended"),
        (["--control", "nothing", "--yes"], "There is no control 'nothing'."),
        (["--region", "nowhere/?"], "is not the name of a Region"),
        (["--policy", "no-such.toml"], "no-such.toml cannot be read"),
        (["--yes", "--ledger", "cloudmend-ledger"], "Table cloudmend-ledger is in one Region."),
    ],
)
def test_bad_input_is_exit_2(words: list[str], said: str) -> None:
    done = cloudmend("fix", *words, **NOWHERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_help_shows_an_example() -> None:
    told = cloudmend("fix", "--help").stdout
    assert "Example: cloudmend fix --region eu-west-1 --resource" in told
