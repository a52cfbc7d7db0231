"""The commands, from what typer knows of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import typer

from cloudmend.cli.main import app
from docs_blocks.markdown import code, codes, table

_CHOICES: Final = re.compile(r"<(\w+(?:\|\w+)+)>")


def commands() -> str:
    """Return the exit codes that all commands share, then a section for each command."""
    shared, sections = exit_codes(app.info.help or ""), "\n\n".join(_section(context) for context in each_command())
    return f"Exit codes, {shared}\n\n{sections}"


def each_command() -> Iterator[typer.Context]:
    """The context of each command that does something, as the user comes to it."""
    return _within(typer.main.get_command(app), None, "cloudmend")


def _within(command: Any, parent: typer.Context | None, name: str) -> Iterator[typer.Context]:
    context = command.context_class(command, info_name=name, parent=parent)
    if not hasattr(command, "list_commands"):
        yield context
        return
    for each in command.list_commands(context):
        yield from _within(command.get_command(context, each), context, each)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text, each on one line."""
    return [" ".join(each.split()) for each in re.split(r"\n\s*\n", text.strip())]


def exit_codes(text: str) -> str:
    """Return what a help text says of them; empty where it says nothing."""
    return _told(text, "Exit codes, ")


def example(text: str) -> str:
    """The command line that a help text shows; empty where there is none."""
    return _told(text, "Example: ")


def _told(text: str, what: str) -> str:
    return next((each.removeprefix(what) for each in paragraphs(text) if each.startswith(what)), "")


def _section(context: typer.Context) -> str:
    text = str(context.command.help)
    said = [each for each in paragraphs(text) if not each.startswith("Example: ")]
    shown = f"```text\n{example(text)}\n```"
    rows = [_row(context, each) for each in context.command.get_params(context) if each.name != "help"]
    takes = [table(("takes", "meaning"), rows)] if rows else []
    return "\n\n".join([f"## {context.command_path}", *said, shown, *takes])


def _row(context: typer.Context, parameter: Any) -> tuple[str, str]:
    names, meaning = parameter.get_help_record(context)
    choices = _CHOICES.search(names)
    one_of = f"One of {codes(choices[1].split('|'))}. " if choices else ""
    told = re.sub(r"\[(.+)\]$", lambda found: f"({found[1]})", meaning)
    return _called(parameter, names), one_of + told


def _called(parameter: Any, names: str) -> str:
    if parameter.param_type_name == "option":
        return codes(parameter.opts)
    return " or ".join(code(each) for each in names.partition(" ")[0].split("|"))
