"""`cloudmend records`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloudmend.entry.commands.options import Ledger, Region, group_ids


def records(
    group: Annotated[
        str, typer.Option(metavar="GROUP_ID", callback=group_ids, help="Only records of this security group.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="DURATION", help="Only records of the last hours or days, such as 24h. Default: all.")
    ] = "",
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JSON lines into this file; - is stdout.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --export -.")] = False,
    region: Region = None,
    ledger: Ledger = "",
) -> None:
    """Show what was mended, oldest first.

    A record says when, which group, how it ended, who opened it, what was done, and its id.

    Example: cloudmend records --since 24h
    """
    from cloudmend.entry.recording import records as run

    into = Path("-") if as_json else export
    raise typer.Exit(run(group=group, since=since, ledger=ledger, region=region, export=into))
