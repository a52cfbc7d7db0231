"""The process of a function: whether this machine can run it, the environment that it starts with, and its end.

It sees what Lambda would show it and nothing of the developer's: its variables are written from nothing,
its home is empty, and it imports from the archive, then from a folder that holds the runtime client and AWS's SDK
alone (Lambda's /var/runtime), then from the standard library. `-S` keeps this interpreter's site-packages out:
what the archive forgot is missing here as it is missing on Lambda.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
_ARM: Final = frozenset({"aarch64", "arm64"})
# What Lambda takes a function for that names no architecture.
_DEFAULT: Final = "x86_64"
# The runtime client and all that it requires.
RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
# AWS's SDK and all that it requires: Lambda's Python runtimes bring it.
SDK = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")


def architecture() -> str:
    """Return this machine's processor as Lambda names it."""
    return "arm64" if platform.machine() in _ARM else "x86_64"


def refusal(name: str, runtime: str | None, architectures: Sequence[str] | None) -> str | None:
    """Return why a function cannot run on this machine, and what to do; None if it can.

    `runtime` is None for a container image, `architectures` for a function that names none.
    """
    asked = (list(architectures or [_DEFAULT]), runtime or "a container image")
    if asked == ([architecture()], RUNTIME):
        return None
    return (
        f"The function {name} asks for {', '.join(asked[0])} and {asked[1]}. The embedded AWS runs functions on this "
        f"machine, which is {architecture()} with {RUNTIME}. Deploy it with Architectures: [{architecture()}] and "
        f"Runtime: {RUNTIME}. cloudmend's template has parameters for both, which ./deploy.sh sets by itself: "
        f"Architecture={architecture()} Runtime={RUNTIME}."
    )


@dataclass(frozen=True)
class FunctionConfiguration:
    """A deployed function, as Lambda's FunctionConfiguration has it.

    `archive` is the unpacked folder. `environment` holds the function's own variables and what its role
    gives it: the credentials, and AWS_ENDPOINT_URL.
    """

    name: str
    arn: str
    archive: Path
    handler: str
    environment: Mapping[str, str]
    timeout_s: float
    memory_mb: int
    region: str


@dataclass(frozen=True)
class FunctionProcess:
    """A running process; `output` is the file that its stdout and stderr go to.

    A file and not a pipe: what was written before the response can be read when the response is there.
    """

    popen: subprocess.Popen[bytes]
    output: Path


@contextmanager
def function_process(function: FunctionConfiguration, api: str) -> Iterator[FunctionProcess]:
    """Starts the runtime client on the Runtime API at `api` (host:port); at the end nothing is left of it."""
    with TemporaryDirectory(prefix="cloudmend-lambda-", ignore_cleanup_errors=True) as name:
        home, runtime, output = (Path(name, part) for part in ("home", "runtime", "output"))
        home.mkdir()
        _link_packages(runtime)
        popen = _started(function, _variables(function, api, home, runtime), output)
        try:
            yield FunctionProcess(popen, output)
        finally:
            _kill(popen)


def _link_packages(folder: Path) -> None:
    folder.mkdir()
    for top, installed in _packages():
        (folder / top).symlink_to(installed)


@cache
def _packages() -> tuple[tuple[str, str], ...]:
    """Return the names in the runtime's folder, and where this interpreter has what they stand for."""
    return tuple(
        (top, str(distribution.locate_file(top)))
        for distribution in map(metadata.distribution, (*RUNTIME_CLIENT, *SDK))
        for top in sorted({file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"})
    )


def _variables(function: FunctionConfiguration, api: str, home: Path, runtime: Path) -> dict[str, str]:
    """Lambda's variables; those that it does not reserve give way to the function's own.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        "HOME": str(home),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": str(home),
        "TZ": ":UTC",
        **function.environment,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}",
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_REGION": function.region,
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(function.archive.absolute()),
        "PYTHONPATH": str(runtime),
        "_HANDLER": function.handler,
    }


def _started(function: FunctionConfiguration, variables: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as stdout:
        return subprocess.Popen(  # noqa: S603 - no shell, and the archive is the user's own
            [sys.executable, "-S", "-B", "-m", "awslambdaric", function.handler],
            cwd=function.archive,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for the function
        )


def _kill(popen: subprocess.Popen[bytes]) -> None:
    # At once, as Lambda does where no extension is registered; and with all that it started.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()
