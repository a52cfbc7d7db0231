"""`cloudmend undo`: takes a mend back."""

from __future__ import annotations

from typing import Annotated

import typer

from cloudmend.cli.options import For, Ledger, Owner, Reason

_Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="With --ledger, the table's Region. Default: the record's Region.",
    ),
]


def undo(
    record_id: Annotated[
        str,
        typer.Argument(
            metavar="RECORD_ID",
            help="The record's id, or its first characters, from the notice or cloudmend records.",
        ),
    ],
    duration: For,
    reason: Reason,
    owner: Owner = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the undo, and change nothing.")] = False,
    region: _Region = None,
    ledger: Ledger = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the record, or the plan, as JSON.")] = False,
) -> None:
    """Take a mend back exactly, and exempt what it restores.

    It is refused, with the difference, where somebody changed the rules since. Where the same mend was undone already,
    it says so, and changes nothing.

    Example: cloudmend undo 01M865NCC0BPFHRBKTPD08TVGN --for 2h --reason "No VPN yet"
    """
    from cloudmend.cli.undo.run import undo as run

    run(
        record_id,
        duration=duration,
        reason=reason,
        owner=owner,
        ledger=ledger,
        region=region,
        dry_run=dry_run,
        as_json=as_json,
    )
