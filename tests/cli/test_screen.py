"""What people read on a terminal: nothing that is copied from it is broken."""

from __future__ import annotations

import io
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from cloudmend.cli.screen import Column, Screen

ID = "sg-05fe30eb67c909f27"
COMMANDS = (
    'cloudmend undo 01M865NCC0BPFHRBKTPD08TVGN --region eu-west-1 --for 2h --reason "..." --ledger a-table',
    f"""aws ec2 modify-security-group-rules --cli-input-json '{{"GroupId": "{ID}", "Words": "it'"'"'s a \\ b"}}'""",
    'aws logs filter-log-events --query \'events[].message\' && aws cloudtrail start-logging --name "a \\" b"',
    "short",
)


def screen(columns: int) -> Screen:
    """Before a terminal of that width, whose text is in `told`."""
    made = Screen()
    made.console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=columns, highlight=False)
    return made


def told(of: Screen) -> str:
    assert isinstance(of.console.file, io.StringIO)
    return of.console.file.getvalue()


def words(command: str) -> list[str]:
    """As a shell reads them; programs and operators are words too."""
    quoted = command.replace("&&", "'&&'")
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {quoted}"], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_goes_on_is_the_same_command(command: str, columns: int) -> None:
    made = screen(columns)
    made.command("  undo: ", command)
    assert words(told(made).removeprefix("  undo: ")) == words(f"{command}\n")


@pytest.mark.parametrize("sentence", ["Enable the stack's rule. " * 9, "two  blanks " * 9, 'an open " quote ' * 9])
def test_what_is_no_command_is_told_as_it_is(sentence: str) -> None:
    made = screen(40)
    made.command("fix: ", sentence)
    assert told(made) == f"fix: {sentence}\n"


def test_a_command_goes_on_between_its_words_where_it_is_too_long() -> None:
    made = screen(80)
    made.command("  ", COMMANDS[0])
    assert told(made).splitlines() == [
        "  cloudmend undo 01M865NCC0BPFHRBKTPD08TVGN --region eu-west-1 --for 2h \\",
        '  --reason "..." --ledger a-table',
    ]


@given(st.lists(st.sampled_from((ID, "a", "word", "111122223333", "of", "w" * 300)), max_size=40), st.integers(40, 120))
def test_a_sentence_wraps_between_words_and_keeps_its_indent(parts: list[str], columns: int) -> None:
    made = screen(columns)
    made.say(f"    {' '.join(parts)}")
    lines = told(made).splitlines()
    assert all(len(line) <= columns and line.startswith("    ") for line in lines if line.strip())
    assert sum(line.count(ID) for line in lines) == parts.count(ID)
    assert "".join(told(made).split()) == "".join(parts)


def test_where_there_is_no_terminal_a_line_stays_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    made = Screen()
    made.say("  " + "word " * 100)
    made.command("", COMMANDS[0] * 3)
    assert len(capsys.readouterr().out.splitlines()) == 2


ROWS = [[Text(f"{ID}\n{'w' * 60}"), Text("12,345"), Text("would become tcp/22 from 10.0.0.0/8")]] * 2
COLUMNS = (Column("group"), Column("addresses", is_number=True), Column("what would be done"))


@pytest.mark.parametrize("columns", range(40, 140, 5))
def test_rows_are_a_table_where_there_is_room_and_blocks_else_and_no_id_is_broken(columns: int) -> None:
    made = screen(columns)
    made.rows(COLUMNS, ROWS)
    lines = told(made).splitlines()
    assert sum(line.count(ID) for line in lines) == 2
    assert max(map(len, lines)) <= columns
    assert ("what would be done:" in told(made)) == (columns < 60)
    assert "".join(told(made).split()).count("10.0.0.0/8") == 2


def test_a_program_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    made = Screen(quiet=True)
    made.say("a")
    made.command("", "b")
    made.rows(COLUMNS, ROWS)
    assert capsys.readouterr().out == ""


@given(st.lists(st.sampled_from((ID, "a", "word", "111122223333", "w" * 300)), min_size=1, max_size=40))
def test_a_sentence_that_hangs_begins_its_other_lines_further_in_and_no_line_ends_in_a_blank(parts: list[str]) -> None:
    made = screen(60)
    made.say(f"  {' '.join(parts)}", hang=4)
    first, *others = told(made).splitlines()
    assert first.startswith("  ")
    assert first[2] != " "
    assert all(line.startswith("      ") and len(line) <= 60 for line in others)
    assert not [line for line in (first, *others) if line != line.rstrip()]
    assert "".join(told(made).split()) == "".join(parts)


def test_a_command_does_not_part_an_option_from_its_value() -> None:
    made = screen(40)
    made.command("fix: ", "aws cloudtrail create-trail --is-multi-region-trail --region us-east-1 --name x")
    assert told(made).splitlines() == [
        "fix: aws cloudtrail create-trail \\",
        "     --is-multi-region-trail \\",
        "     --region us-east-1 --name x",
    ]
