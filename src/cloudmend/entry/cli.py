"""The command line: its commands, one after the other, and how an error ends one."""

from __future__ import annotations

import sys
from typing import Final, NoReturn

import typer

from cloudmend.core.errors import CloudmendError, EventError, InputError, PolicyError
from cloudmend.core.escaping import terminal
from cloudmend.entry.commands.console import console
from cloudmend.entry.commands.demo import demo
from cloudmend.entry.commands.doctor import doctor
from cloudmend.entry.commands.exempt import app as exempt
from cloudmend.entry.commands.explain import explain
from cloudmend.entry.commands.fix import fix
from cloudmend.entry.commands.invoke import invoke
from cloudmend.entry.commands.local import local
from cloudmend.entry.commands.policy import app as policy
from cloudmend.entry.commands.records import records
from cloudmend.entry.commands.replay import replay
from cloudmend.entry.commands.scan import scan
from cloudmend.entry.commands.undo import undo
from cloudmend.entry.commands.version import version

COMMANDS: Final = (scan, explain, fix, replay, invoke, undo, records, console, doctor, local, demo, version)
GROUPS: Final = {"exempt": exempt, "policy": policy}

app = typer.Typer(
    help="""Mends AWS accounts: what was opened to the world is narrowed, proved closed, and can be undone.

    Exit codes: 0 all is well; 1 AWS could not be made so (still open, gone, unreachable, refused); 2 bad input.
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"max_content_width": 120},  # an example stays on one line where the terminal is wide enough
    pretty_exceptions_enable=False,
)
for command in COMMANDS:
    app.command()(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Runs the command line; every error that a user can meet is one sentence on stderr."""
    try:
        app()
    except (EventError, InputError, PolicyError) as error:
        _fail(str(error), 2)
    except CloudmendError as error:
        _fail(str(error), 1)


def _fail(sentence: str, code: int) -> NoReturn:
    sys.stderr.writelines(f"cloudmend: {terminal(line)}\n" for line in sentence.splitlines())
    raise SystemExit(code)


if __name__ == "__main__":
    main()
