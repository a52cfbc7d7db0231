"""`cloudmend invoke`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cloudmend.core.policy import GUARDED_PORTS, MODE, REPLACEMENT
from cloudmend.entry.commands.options import Ledger, PolicyFile, Region
from cloudmend.entry.policy_file import PACKAGED

_AS_POLICY: Final = "Default: as the policy says."


def invoke(
    event: Annotated[Path, typer.Option("--event", "-e", help="The event's JSON file; - is standard input.")],
    group: Annotated[str | None, typer.Option(help="Put this security group id into the event.")] = None,
    region: Region = None,
    ledger: Ledger = "",
    policy: PolicyFile = PACKAGED,
    guarded_ports: Annotated[str, typer.Option(envvar=GUARDED_PORTS.variable, help=_AS_POLICY)] = "",
    replacement_ipv4: Annotated[str, typer.Option(envvar=REPLACEMENT[4].variable, help=_AS_POLICY)] = "",
    replacement_ipv6: Annotated[str, typer.Option(envvar=REPLACEMENT[6].variable, help=_AS_POLICY)] = "",
    mode: Annotated[str, typer.Option(envvar=MODE.variable, help=f"fix or observe. {_AS_POLICY}")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON, one a line.")] = False,
) -> None:
    """Handle one event as the Lambda function would, here and now, with your own credentials.

    Before anything is changed, the group as it was is stored in the ledger; cloudmend undo takes it back.

    Example: cloudmend invoke -e events/event.json --group sg-05fe30eb67c909f27
    """
    from cloudmend.entry.event_file import read_event
    from cloudmend.entry.invocation import invoke as run

    settings = {
        GUARDED_PORTS.variable: guarded_ports,
        REPLACEMENT[4].variable: replacement_ipv4,
        REPLACEMENT[6].variable: replacement_ipv6,
        MODE.variable: mode,
    }
    raise typer.Exit(run(read_event(event, group), settings, policy, region, ledger=ledger, as_json=as_json))
