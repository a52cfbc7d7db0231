"""The pinned AWS CLI, whose modules and service models are read once for all commands of a test run.

Each command is a process of its own, with nothing of another's: a fork of one that has read them, and runs no threads.
The executable takes four times as long. The scripts and the blocks of the README run the executable.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

_ONE_AT_A_TIME = Lock()


def run_aws(
    words: Sequence[str], environment: Mapping[str, str], folder: str | Path = ".", typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `aws` with these words: in that environment and no other, in a folder, with what somebody types."""
    with TemporaryDirectory() as kept:
        files = [Path(kept, name) for name in ("stdin", "stdout", "stderr")]
        files[0].write_text(typed, encoding="utf-8")
        asked = {"words": words, "environment": {**environment}, "folder": str(folder), "files": [*map(str, files)]}
        with _ONE_AT_A_TIME:
            server = _server()
            assert server.stdin
            assert server.stdout
            server.stdin.write(json.dumps(asked) + "\n")
            server.stdin.flush()
            status = int(server.stdout.readline())
        out, error = (each.read_text(encoding="utf-8") for each in files[1:])
    return subprocess.CompletedProcess(["aws", *words], status, out, error)


@cache
def _server() -> subprocess.Popen[str]:
    """Return the process that forks. It ends with the tests: its standard input does."""
    return subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _serve() -> None:
    import awscli.clidriver
    from awscli.botocore import session

    session.create_loader = cache(session.create_loader)
    models = session.Session().get_component("data_loader")
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        if asked["words"][0] in models.list_available_services("service-2"):
            models.load_service_model(asked["words"][0], "service-2")
        child = os.fork()
        if not child:
            _command(awscli.clidriver.main, **asked)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _command(main: Any, words: list[str], environment: dict[str, str], folder: str, files: list[str]) -> None:
    """Be the AWS CLI from here on."""
    for number, name in enumerate(files):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    data = os.environ["AWS_DATA_PATH"]  # which the AWS CLI sets when it is imported
    os.environ.clear()
    os.environ.update({"AWS_DATA_PATH": data, **environment})
    os.chdir(folder)
    sys.argv = ["aws", *words]
    status = 255
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 what a program writes when it breaks
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
