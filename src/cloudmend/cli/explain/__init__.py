"""`cloudmend explain`: why a resource or a part is or is not at fault, and whether a policy is public."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cloudmend.cli.options import Ledger, PolicyFile, StackName
from cloudmend.disk.policy_file import PACKAGED


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID|ARN|EVENT.json|POLICY.json|s3://BUCKET",
            help="What a control watches, or a part of it; the file of an event or a resource policy, - is stdin; or a "
            "whole bucket.",
        ),
    ],
    region: Annotated[
        str | None, typer.Option(metavar="REGION", help="Default: the event's, or that of the AWS CLI.")
    ] = None,
    policy: PolicyFile = PACKAGED,
    ledger: Ledger = "",
    stack_name: StackName = "",
    owner: Annotated[
        str, typer.Option(metavar="ACCOUNT", help="Of a policy: the account that owns the resource.")
    ] = "",
    organization: Annotated[
        str, typer.Option(metavar="ID", help="Of a policy: the owner's organization, to narrow to it instead.")
    ] = "",
    form: Annotated[
        Literal["text", "json", "sarif"], typer.Option("--format", help="sarif: of a policy or bucket.")
    ] = "text",
    fail_on_findings: Annotated[
        bool, typer.Option("--fail-on-findings", help="Exit with 4 if a policy or a bucket is public.")
    ] = False,
) -> None:
    """Say why something is at fault, or whether a policy is public. It only reads.

    For an event, say what it leads to.

    Example: cloudmend explain sg-05fe30eb67c909f27
    """
    from cloudmend.cli.context import look_context
    from cloudmend.cli.explain import bucket
    from cloudmend.cli.explain.policy import answer_about, is_policy, read_owner
    from cloudmend.cli.explain.run import explain as run
    from cloudmend.cli.help import DONE, FOUND
    from cloudmend.cli.subjects import read_event, subjects_by_name

    if subject.startswith(bucket.SCHEME):
        is_open = bucket.answer_about(subject, region, read_owner(owner, organization, needs_account=False), form)
        raise typer.Exit(FOUND if is_open and fail_on_findings else DONE)
    is_file = subject == "-" or Path(subject).exists() or not subjects_by_name(subject)
    if is_file and subject != "-" and not Path(subject).exists():
        what = "neither an id, such as sg-05fe30eb67c909f27, nor a file"
        raise typer.BadParameter(f"{subject!r} is {what} in {Path.cwd()}.")
    about = read_event(Path(subject), None) if is_file else subject
    if is_policy(about):
        is_public = answer_about(about, subject, read_owner(owner, organization), form)
        raise typer.Exit(FOUND if is_public and fail_on_findings else DONE)
    if owner or organization or fail_on_findings or form == "sarif":
        options = "--owner, --organization, --fail-on-findings, and --format sarif"
        raise typer.BadParameter(f"{subject!r} is no policy of a resource, and {options} are for one.")
    run(about, look_context(policy, ledger=ledger, stack=stack_name, region=region), region, as_json=form == "json")
