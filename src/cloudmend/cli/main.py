"""The command line: its commands, one after the other, and how an error ends one."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from cloudmend.cli.help import BAD_INPUT, DONE, INCOMPLETE, Command, listed, version
from cloudmend.cli.installed import installed_controls
from cloudmend.controls import search_with
from cloudmend.core.errors import CloudmendError, EventError, InputError, PolicyError
from cloudmend.core.escaping import terminal

# Each command is a function, or a Typer of several, that is imported when it is asked for.
COMMANDS: Final = {
    "scan": "cloudmend.cli.scan:scan",
    "explain": "cloudmend.cli.explain:explain",
    "fix": "cloudmend.cli.fix:fix",
    "replay": "cloudmend.cli.replay:replay",
    "invoke": "cloudmend.cli.invoke:invoke",
    "undo": "cloudmend.cli.undo:undo",
    "records": "cloudmend.cli.records:records",
    "console": "cloudmend.cli.console:console",
    "doctor": "cloudmend.cli.doctor:doctor",
    "local": "cloudmend.cli.local:local",
    "demo": "cloudmend.cli.demo:demo",
    "build": "cloudmend.cli.build.command:build",
    "version": "cloudmend.cli.help:version",
    "exempt": "cloudmend.cli.exempt:app",
    "policy": "cloudmend.cli.policy:app",
}

# The extra that brings a package, for commands that need more than a look at AWS.
EXTRAS: Final = {
    "awslambdaric": "local",
    "flask": "console",
    "moto": "local",
    "samtranslator": "local",
    "werkzeug": "console",
}


class Commands(TyperGroup):
    """A group that imports the module of a command when the command is asked for, so that no other waits for it."""

    def list_commands(self, _: Any) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, _: Any, cmd_name: str) -> Any:
        """Return the command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module), name)
        alone = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
        else:
            alone.command(cmd_name, cls=Command)(found)
        return typer.main.get_group(alone).commands[cmd_name]


app = typer.Typer(
    cls=Commands,
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


def main() -> None:
    """Runs the command line; every error that a user can meet is one sentence on stderr."""
    _open_closed_streams()
    search_with(installed_controls)
    try:
        app()
    except (EventError, InputError, PolicyError) as error:
        _fail(str(error), BAD_INPUT)
    except CloudmendError as error:
        _fail(str(error), INCOMPLETE)
    except ModuleNotFoundError as error:
        missing = str(error.name).split(".")[0]
        if missing not in EXTRAS:
            raise
        extra = f"cloudmend[{EXTRAS[missing]}]"
        _fail(f"This command needs {extra}: {missing} is not installed. Run: pip install '{extra}'", BAD_INPUT)


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
