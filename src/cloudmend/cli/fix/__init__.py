"""`cloudmend fix`: closes what is open, after the plan was shown and agreed to."""

from __future__ import annotations

from typing import Annotated

import typer

from cloudmend.cli.options import ControlIds, Ledger, PolicyFile, Regions
from cloudmend.disk.policy_file import PACKAGED


def fix(
    region: Regions = None,
    control: ControlIds = None,
    resource: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="An id or ARN. Can be repeated. Default: all that is at fault."),
    ] = None,
    policy: PolicyFile = PACKAGED,
    ledger: Ledger = "",
    yes: Annotated[bool, typer.Option("--yes", help="Apply the plan without a question.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON; needs --yes.")] = False,
) -> None:
    """Close what is open: show every change, ask, do it, and prove it.

    It says how to take each change back.

    Before a resource is changed, it is stored in the ledger as it was; one that changed since the plan was shown, so
    that more would have to be done, is left as it is.

    Example: cloudmend fix --region eu-west-1 --resource sg-05fe30eb67c909f27
    """
    from cloudmend.cli.context import look_context, only
    from cloudmend.cli.fix.run import FixOptions
    from cloudmend.cli.fix.run import fix as run

    regions = region or []
    here = only(regions, f"Table {ledger}" if ledger else "")
    context = look_context(policy, ledger=ledger, stack="", region=here, keeps_baseline=False)
    options = FixOptions(resources=resource or [], controls=control or [], table=ledger, yes=yes, as_json=as_json)
    raise typer.Exit(run(regions, context, options))
