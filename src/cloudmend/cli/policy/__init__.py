"""`cloudmend policy`: a policy file, explained or refused before it is deployed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloudmend.cli.help import Command
from cloudmend.cli.options import GuardedPorts, ModeName, ReplacementIpv4, ReplacementIpv6, Settings, overrides
from cloudmend.disk.policy_file import PACKAGED

app = typer.Typer(help="Check and explain a policy file.", no_args_is_help=True)


@app.command(cls=Command)
def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Default: the packaged policy file.", show_default=False)
    ] = PACKAGED,
    guarded_ports: GuardedPorts = "",
    replacement_ipv4: ReplacementIpv4 = "",
    replacement_ipv6: ReplacementIpv6 = "",
    mode: ModeName = "",
    settings: Settings = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")] = False,
) -> None:
    """Explain a policy file in plain sentences, or refuse it.

    It refuses a file with all its faults and their places (exit code 2).

    What is sound and yet probably not meant, such as an exemption until 9999, is warned of (exit code 0). The options
    override the file, as the parameters of the template do.

    Example: cloudmend policy check src/cloudmend/policy.toml
    """
    from cloudmend.cli.policy.run import check as run

    given = overrides(guarded_ports, replacement_ipv4, replacement_ipv6, mode, settings)
    run(file, datetime.now(UTC), given, as_json=as_json)
