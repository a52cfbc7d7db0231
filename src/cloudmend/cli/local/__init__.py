"""`cloudmend local`: the embedded AWS in the foreground."""

from __future__ import annotations

import signal
from typing import Annotated

import typer


def local(
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = 4566,
    region: Annotated[
        str, typer.Option(metavar="REGION", help="The Region that the printed settings name.")
    ] = "us-east-1",
    containers: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Answer containers too, at this address of this machine: 127.0.0.1 for Docker Desktop, 172.17.0.1 for "
            "the bridge of Docker on Linux.",
        ),
    ] = None,
    organization: Annotated[
        bool,
        typer.Option(
            "--organization",
            help="Start with an organization: a management account, a hub and three members, and a profile for each.",
        ),
    ] = False,
) -> None:
    """Start the embedded AWS on this machine; Ctrl-C stops it.

    Example: cloudmend local --port 4566
    """
    from cloudmend.cli.local.run import serve

    for ending in (signal.SIGINT, signal.SIGTERM):  # a script's background job starts with SIGINT ignored
        signal.signal(ending, signal.default_int_handler)
    serve(port, region, containers, organization=organization)
