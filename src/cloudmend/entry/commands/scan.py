"""`cloudmend scan`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from cloudmend.entry.commands.options import PolicyFile, Regions
from cloudmend.entry.policy_file import PACKAGED


def scan(
    region: Regions = None,
    form: Annotated[Literal["table", "json", "csv", "sarif"], typer.Option("--format")] = "table",
    policy: PolicyFile = PACKAGED,
    fail_on_findings: Annotated[bool, typer.Option("--fail-on-findings", help="Exit with 3 where any counts.")] = False,
) -> None:
    """Show what is open in all Regions, and what would be done about it. Reads only.

    Exit codes: 0; 1 where a Region could not be read; 2 bad input; 3 with --fail-on-findings, where something is
    open that is not exempt.

    Example: cloudmend scan --region eu-west-1 --region us-east-1 --fail-on-findings
    """
    from cloudmend.entry.policy_file import read_policy
    from cloudmend.entry.scanning import scan as run

    code = run(region or [], read_policy({}, policy), datetime.now(UTC), form, fail_on_findings=fail_on_findings)
    raise typer.Exit(code)
