"""`cloudmend doctor`: why is nothing happening? Each module judges a part of what `reads` asks AWS for.

check.py     what a check is; is cloudmend deployed, once, and for whom
trail.py     does CloudTrail report a call here at all
rule.py      does EventBridge pass the report on to the function
function.py  can the function run, how often it failed, and what became of its work
settings.py  its settings, its version, and whether the ledger's items can be read
looks.py     the checks in their order
"""

from __future__ import annotations

from typing import Annotated

import typer

from cloudmend.cli.options import Region


def doctor(
    stack_name: Annotated[str, typer.Option(metavar="STACK", help="The deployed stack.")] = "cloudmend",
    region: Region = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as one line of JSON.")] = False,
) -> None:
    """Check why nothing happens, and name the command that helps. It only reads.

    Example: cloudmend doctor --stack-name cloudmend --region us-east-1
    """
    from cloudmend.cli.doctor.run import doctor as run

    raise typer.Exit(run(stack_name, region, as_json=as_json))
