"""`cloudmend explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloudmend.entry.commands.options import Ledger, PolicyFile, StackName
from cloudmend.entry.policy_file import PACKAGED


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="GROUP_ID|RULE_ID|EVENT.json", help="An id, or an event's file; - is an event on stdin."
        ),
    ],
    region: Annotated[
        str | None, typer.Option(metavar="REGION", help="Default: the event's, or that of the AWS CLI.")
    ] = None,
    policy: PolicyFile = PACKAGED,
    ledger: Ledger = "",
    stack_name: StackName = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Say why a group or a rule is at fault, or what an event leads to. It only reads.

    Example: cloudmend explain sg-05fe30eb67c909f27
    """
    from cloudmend.entry.briefing import brief_of
    from cloudmend.entry.event_file import read_event
    from cloudmend.entry.explaining import explain as run
    from cloudmend.entry.explaining import is_id

    if subject != "-" and not is_id(subject) and not Path(subject).exists():
        what = "neither an id, such as sg-05fe30eb67c909f27, nor a file"
        raise typer.BadParameter(f"{subject!r} is {what} in {Path.cwd()}.")
    about = subject if is_id(subject) else read_event(Path(subject), None)
    run(about, brief_of(policy, ledger=ledger, stack=stack_name, region=region), region, as_json=as_json)
