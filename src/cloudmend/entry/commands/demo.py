"""`cloudmend demo`."""

from __future__ import annotations

import typer


def demo() -> None:
    """Run the whole walkthrough on this machine: open a group, mend it, deploy, open another, watch it mended.

    Example: cloudmend demo
    """
    from cloudmend.entry.demo import run

    raise typer.Exit(run())
