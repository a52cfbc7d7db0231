"""The options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from cloudmend.controls.catalog import GUARDED_PORTS, REPLACEMENT_IPV4, REPLACEMENT_IPV6
from cloudmend.core.policy.location import MODE, SETTINGS

Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="Default: the Region that the AWS CLI would use.")
]
Ledger = Annotated[
    str,
    typer.Option(
        "--ledger",
        metavar="TABLE",
        envvar="CLOUDMEND_LEDGER_TABLE",
        help="The stack's DynamoDB table. Default: a file of your own for the account.",
    ),
]
StackName = Annotated[
    str,
    typer.Option(
        "--stack-name",
        metavar="STACK",
        help="Judge by this stack's settings, ledger, and switch. The stack must be in the Region.",
    ),
]
_AS_POLICY: Final = "Default: as the policy says."
GuardedPorts = Annotated[str, typer.Option(metavar="PORTS", envvar=GUARDED_PORTS.variable, help=_AS_POLICY)]
ReplacementIpv4 = Annotated[str, typer.Option(metavar="RANGE", envvar=REPLACEMENT_IPV4.variable, help=_AS_POLICY)]
ReplacementIpv6 = Annotated[str, typer.Option(metavar="RANGE", envvar=REPLACEMENT_IPV6.variable, help=_AS_POLICY)]
ModeName = Annotated[str, typer.Option(metavar="MODE", envvar=MODE.variable, help=f"fix or observe. {_AS_POLICY}")]
Settings = Annotated[
    str,
    typer.Option(
        metavar="KEY=VALUE;...",
        envvar=SETTINGS.variable,
        help=f"Any keys of the policy, such as mode=observe. {_AS_POLICY}",
    ),
]
PolicyFile = Annotated[
    Path, typer.Option("--policy", metavar="FILE", help="Default: the packaged policy file.", show_default=False)
]
For = Annotated[
    str, typer.Option("--for", metavar="DURATION", help="For how long, such as 30m, 2h or 3d; at most 30d.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="REASON", help="The reason, for people who ask later.")]
Owner = Annotated[
    str, typer.Option("--owner", metavar="OWNER", help="Who is responsible for it. Default: your own ARN.")
]


def region_names(names: list[str] | None) -> list[str]:
    """The names, if all look like one: another would be part of the address that is asked."""
    for name in names or []:
        if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", name, re.ASCII):
            raise typer.BadParameter(f"{name!r} is not the name of a Region, such as eu-west-1.")
    return names or []


Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", metavar="REGION", callback=region_names, help="Can be repeated. Default: all enabled Regions."
    ),
]

ControlIds = Annotated[
    list[str] | None,
    typer.Option(
        "--control", metavar="CONTROL_ID", help="Can be repeated. Default: all controls that the policy has on."
    ),
]


def overrides(
    guarded_ports: str, replacement_ipv4: str, replacement_ipv6: str, mode: str, settings: str
) -> dict[str, str]:
    """Return what overrides the policy file, by environment-variable name."""
    return {
        GUARDED_PORTS.variable: guarded_ports,
        REPLACEMENT_IPV4.variable: replacement_ipv4,
        REPLACEMENT_IPV6.variable: replacement_ipv6,
        MODE.variable: mode,
        SETTINGS.variable: settings,
    }
