"""`cloudmend invoke`: an event handled here, or by a deployed function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cloudmend.cli.options import (
    GuardedPorts,
    Ledger,
    ModeName,
    PolicyFile,
    Region,
    ReplacementIpv4,
    ReplacementIpv6,
    Settings,
    overrides,
)
from cloudmend.disk.policy_file import PACKAGED

_NOT_WITH_A_STACK: Final = (
    "ledger",
    "policy",
    "guarded_ports",
    "replacement_ipv4",
    "replacement_ipv6",
    "mode",
    "settings",
)


def _refuse_what_the_stack_has(context: typer.Context) -> None:
    """Raise BadParameter if the command line names what the stack's function has of its own."""
    for name in _NOT_WITH_A_STACK:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":  # a variable of the environment is for commands without
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"{option} is not for --stack-name: the stack's function has its own.")


def invoke(
    context: typer.Context,
    event: Annotated[
        Path, typer.Option("--event", "-e", metavar="FILE", help="The event's JSON file; - is standard input.")
    ],
    group: Annotated[
        str | None,
        typer.Option(metavar="GROUP_ID", help="Put this security group of your account and Region into the event."),
    ] = None,
    region: Region = None,
    stack_name: Annotated[
        str,
        typer.Option(
            metavar="STACK",
            help="Hand the event to this stack's function, which acts by its own policy, mode, switch, and ledger.",
        ),
    ] = "",
    ledger: Ledger = "",
    policy: PolicyFile = PACKAGED,
    guarded_ports: GuardedPorts = "",
    replacement_ipv4: ReplacementIpv4 = "",
    replacement_ipv6: ReplacementIpv6 = "",
    mode: ModeName = "",
    settings: Settings = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON, one a line.")] = False,
) -> None:
    """Handle one event as the Lambda function would, here and now.

    It uses your own credentials.

    Before anything is changed, the resource as it was is stored in the ledger; cloudmend undo takes it back.

    An event of another account or Region than that of your credentials ends as failed: nothing is looked at. One that
    names neither, as events/event.json, is taken to be of here.

    With --stack-name the deployed function itself handles it: by its own policy, mode, switch, ledger, rights and
    notices. Your credentials need lambda:InvokeFunction. An event out of the dead-letter queue belongs there.

    Example: cloudmend invoke -e events/event.json --group sg-05fe30eb67c909f27
    """
    from cloudmend.cli.subjects import read_event

    if stack_name:
        from cloudmend.cli.invoke.run import hand_over

        _refuse_what_the_stack_has(context)
        raise typer.Exit(hand_over(read_event(event, group), stack_name, region, as_json=as_json))

    from cloudmend.cli.invoke.run import invoke as run

    given = overrides(guarded_ports, replacement_ipv4, replacement_ipv6, mode, settings)
    raise typer.Exit(run(read_event(event, group), given, policy, region, ledger=ledger, as_json=as_json))
