"""`cloudmend local`: the embedded AWS in the foreground, with what to type next."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Event
from typing import IO, Final
from urllib.parse import urlsplit

from cloudmend.cli import repository
from cloudmend.cli.ledgers import forget_embedded
from cloudmend.cli.local.profiles import listed, settings
from cloudmend.controls import every
from cloudmend.core.errors import CloudmendError, InputError
from cloudmend.local.front import known_regions
from cloudmend.local.listener import NAME, Containers, checked_address
from cloudmend.local.server import EmbeddedAws

_NEXT = """
The embedded AWS is at {endpoint} (Region {region}). Ctrl-C stops it.
It forgets everything then, records too. What functions print is in
{log}. In another terminal:

  cd {folder}
  unset AWS_PROFILE $(env | sed -nE 's/^((AWS|CLOUDMEND)_[A-Za-z0-9_]+)=.*/\\1/p')
{exports}
  export PATH={tools}:"$PATH"

  aws ec2 create-security-group --group-name testing --description testing
  ./bad_boy.sh GROUP_ID
  aws ec2 describe-security-groups --group-ids GROUP_ID
  cloudmend invoke -e events/event.json --group GROUP_ID
"""


# What containers may ask the embedded AWS for: the function's calls, and nothing that runs code on this machine.
_OF_ITS_OWN: Final = frozenset({"events:PutEvents", "sts:GetCallerIdentity"})  # to tell, and to know its account
_WARNING: Final = """
warning: {who} may read and change what the controls watch in the embedded AWS ({what}), under the name {name}.
"""
_BY_A_BRIDGE: Final = "Containers, and perhaps other machines of your network that reach {address},"
_IN_A_CONTAINER: Final = """
  sam build
  AWS_ENDPOINT_URL=http://{name}:{port} sam local invoke -e events/event.json --add-host {name}:host-gateway
"""


def serve(port: int, region: str, containers: str | None = None, *, organization: bool = False) -> None:
    """Runs until interrupted. Raises CloudmendError where the port or the containers' address cannot be used."""
    if region not in known_regions():
        raise InputError(f"{region!r} is not the name of a Region that the embedded AWS knows, such as eu-west-1.")
    answered = Containers(checked_address(containers), _of_containers()) if containers else None
    with (
        _log() as log,
        closing(_started(port, region, answered, log, organization)) as aws,
        settings(aws) as environment,
    ):
        try:
            if answered:
                who = _BY_A_BRIDGE.format(address=answered.address) if answered.needs_listener else "Containers"
                sys.stderr.write(_WARNING.format(who=who, what=_watched(), name=NAME))
            sys.stdout.write(_welcome(aws, environment, log.name) + listed(aws))
            if answered:
                sys.stdout.write(_IN_A_CONTAINER.format(name=NAME, port=urlsplit(aws.endpoint).port))
            sys.stdout.flush()
            Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\nStopping ...\n")
    forget_embedded(aws.start)


def _of_containers() -> frozenset[str]:
    """Return the calls of the function: those of all controls, but an undo's."""
    rights = (
        right for control in every() for right in (*control.reads, *control.follows, *control.writes, *control.asks)
    )
    return _OF_ITS_OWN | {":".join(right.call) for right in rights}


def _watched() -> str:
    kinds = (control.resource for control in every())
    return ", ".join(dict.fromkeys(kind.noun if kind.is_setting else f"{kind.noun}s" for kind in kinds))


def _log() -> IO[str]:
    """Return a new file for what would bury the printed settings. It goes when it is closed."""
    return NamedTemporaryFile("w", buffering=1, encoding="utf-8", prefix="cloudmend-local-", suffix=".log")


def _started(port: int, region: str, containers: Containers | None, log: IO[str], organization: bool) -> EmbeddedAws:
    def write(line: str) -> None:
        log.write(f"{line}\n")

    try:
        aws = EmbeddedAws(port=port, region=region, containers=containers, log=write, organization=organization)
        return aws.__enter__()
    except OSError as error:
        if containers and error.errno == errno.EADDRNOTAVAIL:
            raise CloudmendError(
                f"{containers.address} is no address of this machine. `docker network inspect bridge` names the one at "
                "which containers reach it, as Gateway; on Docker Desktop it is 127.0.0.1."
            ) from None
        raise CloudmendError(
            f"Port {port} cannot be used ({os.strerror(error.errno or 0)}). "
            "Pass another with --port; --port 0 takes a free one."
        ) from None


def _welcome(aws: EmbeddedAws, environment: Mapping[str, str], log: str) -> str:
    exports = "\n".join(f"  export {name}={_quoted(name, value)}" for name, value in environment.items())
    tools = shlex.quote(str(Path(sys.executable).parent))
    folder = shlex.quote(str(repository()))
    return _NEXT.format(endpoint=aws.endpoint, region=aws.region, log=log, exports=exports, tools=tools, folder=folder)


def _quoted(name: str, value: str) -> str:
    """For a shell. What the terminal reaches without its proxy stays so."""
    return f'"{value},${{{name}:-}}"' if name.upper() == "NO_PROXY" else shlex.quote(value)
