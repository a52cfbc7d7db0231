"""`cloudmend replay`: what cloudmend would have done about the calls in CloudTrail's files.

`calls` chooses the files and reads them (`decode`), `sorted_calls` puts their calls in order, and `episodes` follows
the findings that the calls opened and closed. `summary` and `table` report them.
"""

from __future__ import annotations

from typing import Annotated

import typer

from cloudmend.cli.options import PolicyFile
from cloudmend.disk.policy_file import PACKAGED


def replay(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, or - for standard input.")],
    policy: PolicyFile = PACKAGED,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each finding, then the summary, as JSON lines.")
    ] = False,
) -> None:
    """Show from CloudTrail's files what cloudmend would have done.

    It says to whose changes, and how long each of them stood open.

    It reads a trail's files, JSON lines, CloudWatch Logs' exports, what aws cloudtrail lookup-events prints, and the
    results of queries, gzip or not. It writes nothing.

    Example: cloudmend replay AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11 --policy policy.toml
    """
    from cloudmend.cli.replay.run import replay as run
    from cloudmend.disk.policy_file import read_policy

    raise typer.Exit(run(paths, read_policy({}, policy), as_json=as_json))
