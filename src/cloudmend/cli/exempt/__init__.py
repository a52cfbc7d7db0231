"""`cloudmend exempt`: what is left open on purpose, for a while."""

from __future__ import annotations

from typing import Annotated

import typer

from cloudmend.cli.help import Command
from cloudmend.cli.options import For, Ledger, Owner, Reason, Region

_AsJson = Annotated[bool, typer.Option("--json", help="Print exemptions as JSON, one a line.")]

app = typer.Typer(help="Leave something open on purpose, for a while.", no_args_is_help=True)


@app.command(cls=Command)
def add(
    resource: Annotated[
        str,
        typer.Option(
            "--resource", "--group", metavar="ID", help="What to leave as it is, whole or a part of it: its id or ARN."
        ),
    ],
    duration: For,
    reason: Reason,
    part: Annotated[
        str,
        typer.Option(
            "--part",
            "--rule",
            metavar="PART",
            help="Only this part: its id. Of a security group, a rule's id or its words: 'tcp/22 from 203.0.113.0/24'.",
        ),
    ] = "",
    control: Annotated[
        str, typer.Option(metavar="CONTROL_ID", help="The control that leaves it, if several watch such a resource.")
    ] = "",
    owner: Owner = "",
    resource_region: Annotated[
        str | None,
        typer.Option(
            "--resource-region",
            "--group-region",
            metavar="REGION",
            help="The resource's Region, if it differs from --region.",
        ),
    ] = None,
    region: Region = None,
    ledger: Ledger = "",
    as_json: _AsJson = False,
) -> None:
    """Leave a resource, or a part of it, as it is for a while.

    cloudmend keeps who answers for it, and the reason.

    A part is kept by its value, and not by its id. If it changes, it is not exempt any more. With --ledger the stack
    tells people of it.

    Example: cloudmend exempt add --resource snap-05fe30eb67c909f27 --for 2h --reason "The partner copies it today"
    """
    from cloudmend.cli.exempt.run import add as run
    from cloudmend.cli.exempt.run import tell

    made = run(
        resource,
        part=part,
        control=control,
        duration=duration,
        reason=reason,
        owner=owner,
        ledger=ledger,
        region=region,
        resource_region=resource_region,
    )
    tell([made], as_json=as_json)


@app.command("list", cls=Command)
def list_exemptions(region: Region = None, ledger: Ledger = "", as_json: _AsJson = False) -> None:
    """Show the exemptions that hold.

    If one cannot be read, it exempts nothing, and the exit code is 1.

    Example: cloudmend exempt list
    """
    from cloudmend.cli.exempt.run import show as run

    raise typer.Exit(run(ledger, region, as_json=as_json))


@app.command(cls=Command)
def remove(
    exemption_id: Annotated[
        str,
        typer.Argument(
            metavar="EXEMPTION_ID",
            help="The exemption's id, or its first characters, from cloudmend exempt list.",
        ),
    ],
    region: Region = None,
    ledger: Ledger = "",
) -> None:
    """End an exemption now: the next event or sweep mends the resource.

    Example: cloudmend exempt remove exempt-1a2b3c4d
    """
    from cloudmend.cli.exempt.run import remove as run

    run(exemption_id, ledger, region)
