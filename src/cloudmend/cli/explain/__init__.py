"""`cloudmend explain`: why a resource or a part is or is not at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloudmend.cli.options import Ledger, PolicyFile, StackName
from cloudmend.disk.policy_file import PACKAGED


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID|ARN|EVENT.json",
            help="What a control watches, or a part of it by its id; or an event's file, - is one on stdin.",
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
    """Say why a resource is at fault, or what an event leads to. It only reads.

    Example: cloudmend explain sg-05fe30eb67c909f27
    """
    from cloudmend.cli.context import look_context
    from cloudmend.cli.explain.run import explain as run
    from cloudmend.cli.subjects import read_event, subjects_by_name

    is_event = subject == "-" or Path(subject).exists() or not subjects_by_name(subject)
    if is_event and subject != "-" and not Path(subject).exists():
        what = "neither an id, such as sg-05fe30eb67c909f27, nor a file"
        raise typer.BadParameter(f"{subject!r} is {what} in {Path.cwd()}.")
    about = read_event(Path(subject), None) if is_event else subject
    run(about, look_context(policy, ledger=ledger, stack=stack_name, region=region), region, as_json=as_json)
