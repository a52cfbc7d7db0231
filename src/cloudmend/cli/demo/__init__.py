"""`cloudmend demo`: the walkthrough on the embedded AWS."""

from __future__ import annotations

import typer


def demo() -> None:
    """Run the whole walkthrough on this machine.

    It opens a group, mends it, deploys, opens another, and watches it being mended.

    Example: cloudmend demo
    """
    from cloudmend.cli.demo.run import run

    raise typer.Exit(run())
