"""What every command keeps to, also one that is new."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cloudmend.cli import main
from cloudmend.cli.main import app
from docs_blocks.commands import each_command, example, exit_codes

COMMANDS = {context.command_path: context for context in each_command()}
# One that prints data has --json, or a --format that can be json. These do not, because:
WITHOUT_JSON = {
    "cloudmend build": "it writes files",
    "cloudmend console": "it is a server",
    "cloudmend demo": "it is a story, for people",
    "cloudmend exempt remove": "its exit code says all",
    "cloudmend local": "it is a server",
    "cloudmend version": "it is one word",
}


@pytest.fixture(params=COMMANDS)
def context(request: pytest.FixtureRequest) -> typer.Context:
    return COMMANDS[request.param]


def options(context: typer.Context) -> dict[str, Any]:
    return {name: each for each in context.command.get_params(context) for name in each.opts}


def test_every_command_of_the_top_level_is_walked() -> None:
    assert {path.split()[1] for path in COMMANDS} == set(main.COMMANDS)


def test_the_example_in_its_help_is_one_that_it_takes(context: typer.Context) -> None:
    words = shlex.split(example(str(context.command.help)))
    path = context.command_path.split()
    assert words[: len(path)] == path
    context.command.make_context(context.command_path, words[len(path) :])  # raises for what it does not take


def test_its_help_shows_the_example_on_one_line_where_the_terminal_is_wide(context: typer.Context) -> None:
    words = [*context.command_path.split()[1:], "--help"]
    shown = CliRunner().invoke(app, words, terminal_width=120, max_content_width=120)
    assert f"  Example: {example(str(context.command.help))}\n" in shown.output


def test_the_example_in_its_help_can_be_pasted_from_a_narrow_terminal(context: typer.Context) -> None:
    shown = CliRunner().invoke(app, [*context.command_path.split()[1:], "--help"], terminal_width=80).output
    pasted = re.search(r"^  Example: ((?:.*\\\n)*.*)$", shown, re.MULTILINE)
    assert pasted
    assert shlex.split(pasted[1].replace("\\\n", " ")) == shlex.split(example(str(context.command.help)))
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("words", [[], ["exempt"], ["policy"]])
def test_a_list_of_commands_cuts_no_sentence_at_80_columns(words: list[str]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"], terminal_width=80).output
    assert "..." not in shown.partition("Commands:")[2]


def test_a_group_where_none_is_taken_is_refused_with_the_option_that_takes_one() -> None:
    refused = CliRunner().invoke(app, ["fix", "sg-05fe30eb67c909f27"])
    assert (refused.exit_code, "Pass it as --resource sg-05fe30eb67c909f27." in refused.output) == (2, True)
    refused = CliRunner().invoke(app, ["scan", "sg-05fe30eb67c909f27"])
    assert (refused.exit_code, "Pass it as" in refused.output) == (2, False)
    refused = CliRunner().invoke(app, ["records", "sg-05fe30eb67c909f27"])
    assert (refused.exit_code, "Pass it as --resource sg-05fe30eb67c909f27." in refused.output) == (2, True)


def test_an_option_that_it_does_not_take_is_bad_input(context: typer.Context) -> None:
    assert CliRunner().invoke(app, [*context.command_path.split()[1:], "--no-such-option"]).exit_code == 2


def test_what_it_prints_is_there_as_json_too_or_there_is_a_reason(context: typer.Context) -> None:
    taken = options(context)
    has_json = "--json" in taken or ("--format" in taken and "json" in taken["--format"].get_help_record(context)[0])
    assert has_json != (context.command_path in WITHOUT_JSON)


def test_the_exit_codes_that_all_have_in_common_are_in_the_help_of_cloudmend() -> None:
    shown = CliRunner().invoke(app, ["--help"], terminal_width=120)
    told = exit_codes(str(app.info.help))
    assert told.startswith("the same for all commands: 0 done")
    assert f"Exit codes, {told}" in " ".join(shown.output.split())
