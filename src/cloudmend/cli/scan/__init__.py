"""`cloudmend scan`: what is at fault, as a table, a page, JSON, CSV or SARIF."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cloudmend.cli.options import ControlIds, Ledger, PolicyFile, Regions, StackName
from cloudmend.disk.policy_file import PACKAGED


def scan(
    region: Regions = None,
    control: ControlIds = None,
    form: Annotated[Literal["table", "json", "csv", "sarif", "html"], typer.Option("--format")] = "table",
    policy: PolicyFile = PACKAGED,
    ledger: Ledger = "",
    stack_name: StackName = "",
    fail_on_findings: Annotated[
        bool, typer.Option("--fail-on-findings", help="Exit with 4 if there is a finding that is not exempt.")
    ] = False,
) -> None:
    """Show what is at fault in all Regions, and what becomes of it. It only reads.

    Example: cloudmend scan --region eu-west-1 --region us-east-1 --fail-on-findings
    """
    from cloudmend.cli.context import look_context, only
    from cloudmend.cli.scan.run import scan as run

    regions = region or []
    here = only(regions, f"Stack {stack_name}" if stack_name else "")
    context = look_context(policy, ledger=ledger, stack=stack_name, region=here)
    raise typer.Exit(run(regions, control or [], context, form, fail_on_findings=fail_on_findings))
