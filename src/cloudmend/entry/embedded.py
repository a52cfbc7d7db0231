"""`cloudmend local`: the embedded AWS in the foreground, with what to type next."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import closing
from threading import Event

from cloudmend.core.errors import CloudmendError
from cloudmend.entry.ledgers import forget_embedded
from cloudmend.local.server import EmbeddedAws

_NEXT = """
The embedded AWS is at {endpoint} (Region {region}). It forgets everything when it stops, records too: press Ctrl-C.
In another terminal, in cloudmend's folder:

  unset AWS_PROFILE $(env | sed -nE 's/^((AWS|CLOUDMEND)_[A-Za-z0-9_]+)=.*/\\1/p')
{exports}
  export PATH="$PWD/.venv/bin:$PATH"

  aws ec2 create-security-group --group-name testing --description testing
  ./bad_boy.sh GROUP_ID
  aws ec2 describe-security-groups --group-ids GROUP_ID
  cloudmend invoke -e events/event.json --group GROUP_ID
"""


def serve(port: int, region: str) -> None:
    """Runs until interrupted. Raises CloudmendError where the port is taken."""
    with closing(_started(port, region)) as aws:
        sys.stdout.write(_welcome(aws))
        sys.stdout.flush()
        try:
            Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\nStopping ...\n")
    forget_embedded(aws.start)


def _started(port: int, region: str) -> EmbeddedAws:
    try:
        return EmbeddedAws(port=port, region=region).__enter__()
    except OSError as error:
        raise CloudmendError(
            f"Port {port} cannot be used ({os.strerror(error.errno or 0)}). "
            "Pass another with --port; --port 0 takes a free one."
        ) from None


def _welcome(aws: EmbeddedAws) -> str:
    exports = "\n".join(f"  export {name}={_quoted(name, value)}" for name, value in aws.environment.items())
    return _NEXT.format(endpoint=aws.endpoint, region=aws.region, exports=exports)


def _quoted(name: str, value: str) -> str:
    """For a shell. What the terminal reaches without its proxy stays so."""
    return f'"{value},${{{name}:-}}"' if name.upper() == "NO_PROXY" else shlex.quote(value)
