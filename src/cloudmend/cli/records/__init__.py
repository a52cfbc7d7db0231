"""`cloudmend records`: what a ledger holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloudmend.cli.options import Ledger, Region


def records(
    resource: Annotated[
        str, typer.Option("--resource", "--group", metavar="ID", help="Only records of this resource: its id or ARN.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="DURATION", help="Only records of the last hours or days, such as 24h. Default: all.")
    ] = "",
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JSON lines into this file; - is stdout.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --export -.")] = False,
    standing: Annotated[
        bool, typer.Option("--standing", help="What stands now, instead of what was mended, and when it was read.")
    ] = False,
    control: Annotated[
        str, typer.Option(metavar="CONTROL_ID", help="With --standing: only what this control finds.")
    ] = "",
    region: Region = None,
    ledger: Ledger = "",
) -> None:
    """Show what was mended, oldest first.

    A record says when, which resource, how it ended, who opened it, what was done, and its id.

    With --standing: what is at fault and not mended, since when, and when each control last read it.

    Example: cloudmend records --since 24h
    """
    if standing and (resource or since or export):
        raise typer.BadParameter("--standing lists what stands now. Use it without --resource, --since, and --export.")
    if control and not standing:
        raise typer.BadParameter("--control is for --standing.")
    if standing:
        from cloudmend.cli.records.run import list_standing

        raise typer.Exit(list_standing(control=control, ledger=ledger, region=region, as_json=as_json))
    from cloudmend.cli.records.run import records as run

    into = Path("-") if as_json else export
    raise typer.Exit(run(resource=resource, since=since, ledger=ledger, region=region, export=into))
