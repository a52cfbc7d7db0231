"""The command line: its commands, one after the other, and how an error ends one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from cloudmend.cli.demo.command import demo
from cloudmend.cli.doctor.command import doctor
from cloudmend.cli.exempt.command import app as exempt
from cloudmend.cli.exit_codes import BAD_INPUT, DONE, INCOMPLETE, listed
from cloudmend.cli.explain.command import explain
from cloudmend.cli.fix.command import fix
from cloudmend.cli.help import Command
from cloudmend.cli.invoke.command import invoke
from cloudmend.cli.local.command import local
from cloudmend.cli.policy.command import app as policy
from cloudmend.cli.records.command import records
from cloudmend.cli.replay.command import replay
from cloudmend.cli.scan.command import scan
from cloudmend.cli.undo.command import undo
from cloudmend.cli.version import version
from cloudmend.core.errors import CloudmendError, EventError, InputError, PolicyError
from cloudmend.core.escaping import terminal
from cloudmend.web.console.command import console

COMMANDS: Final = (scan, explain, fix, replay, invoke, undo, records, console, doctor, local, demo, version)
GROUPS: Final = {"exempt": exempt, "policy": policy}

app = typer.Typer(
    help=f"""Mend AWS accounts: narrow what was opened to the world, prove it closed, and undo a mend.

    Exit codes, the same for all commands: {listed()}.
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 120,  # an example stays on one line where the terminal is wide enough
    },
    pretty_exceptions_enable=False,
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        version()
        raise typer.Exit(DONE)


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Take what stands before every command."""


for command in COMMANDS:
    app.command(cls=Command)(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Runs the command line; every error that a user can meet is one sentence on stderr."""
    _open_closed_streams()
    try:
        app()
    except (EventError, InputError, PolicyError) as error:
        _fail(str(error), BAD_INPUT)
    except CloudmendError as error:
        _fail(str(error), INCOMPLETE)


def _open_closed_streams() -> None:
    """Opens what whoever started this closed (`<&-`): Python has None in place of such a stream."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for as long as it runs


def _fail(sentence: str, code: int) -> NoReturn:
    sys.stderr.writelines(f"cloudmend: {terminal(line)}\n" for line in sentence.splitlines())
    raise SystemExit(code)


if __name__ == "__main__":
    main()
