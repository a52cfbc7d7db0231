"""`cloudmend console`: a web console for one account, on this machine."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from cloudmend.cli.options import Ledger, PolicyFile, region_names
from cloudmend.disk.policy_file import PACKAGED


def console(
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGION",
            callback=region_names,
            help="Can be repeated. Default: the Region that the AWS CLI would use.",
        ),
    ] = None,
    ledger: Ledger = "",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = 0,
    policy: PolicyFile = PACKAGED,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open a browser, if there is one and this is a terminal.")
    ] = True,
) -> None:
    """Show in a browser what is open now, and what was mended.

    It runs on this machine, shows mends as they happen, and can take one back.

    Whoever has its address may do what your credentials may: do not share it. Ctrl-C stops it.

    Example: cloudmend console --region eu-west-1
    """
    from cloudmend.cli.console.pages import console_context
    from cloudmend.cli.console.serve import serve
    from cloudmend.disk.policy_file import read_policy

    for ending in (signal.SIGINT, signal.SIGTERM):  # a script's background job starts with SIGINT ignored
        signal.signal(ending, signal.default_int_handler)
    serve(console_context(region or [], ledger, read_policy({}, policy)), port, open_browser=open_browser)
