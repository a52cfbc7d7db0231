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
    group: Annotated[
        str,
        typer.Option(metavar="GROUP_ID", help="The security group to leave open: all its rules, or one with --rule."),
    ],
    duration: For,
    reason: Reason,
    rule: Annotated[
        str,
        typer.Option(
            metavar="RULE", help="Only this rule: its id, or what it says, such as 'tcp/22 from 203.0.113.0/24'."
        ),
    ] = "",
    owner: Owner = "",
    group_region: Annotated[
        str | None, typer.Option(metavar="REGION", help="The group's Region, if it differs from --region.")
    ] = None,
    region: Region = None,
    ledger: Ledger = "",
    as_json: _AsJson = False,
) -> None:
    """Leave a group, or one rule of it, as it is for a while.

    cloudmend keeps who answers for it, and the reason.

    A rule is kept by what it says, so that it stays exempt under another id, and another rule never does. With --ledger
    the stack tells people of it.

    Example: cloudmend exempt add --group sg-05fe30eb67c909f27 --rule "tcp/22 from ::/0" --for 2h --reason "No VPN yet"
    """
    from cloudmend.cli.exempt.run import add as run
    from cloudmend.cli.exempt.run import tell

    made = run(
        group,
        rule=rule,
        duration=duration,
        reason=reason,
        owner=owner,
        ledger=ledger,
        region=region,
        group_region=group_region,
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
    """End an exemption now: the next event or sweep closes the group.

    Example: cloudmend exempt remove exempt-1a2b3c4d
    """
    from cloudmend.cli.exempt.run import remove as run

    run(exemption_id, ledger, region)
