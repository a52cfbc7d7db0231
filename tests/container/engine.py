"""A container engine of the test's own: Debian's dockerd, with a bridge of its own and no rule in the firewall."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

PATIENCE_S: Final = 60.0
_NEEDED: Final = {"dockerd": "docker.io", "debootstrap": "debootstrap", "ip": "iproute2"}


class CannotRun(Exception):
    """There can be no engine here, and why."""


class Engine(Struct, frozen=True):
    """A running engine: how a client reaches it, and at which address containers reach this machine."""

    socket: Path
    address: str

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    def ask(self, method: str, path: str, body: IO[bytes] | None = None, size: int = 0) -> tuple[int, bytes]:
        """The status and the body of an answer of its API."""
        connection = _Connection(self.socket)
        try:
            connection.request(method, path, body, {"Content-Length": str(size)})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def import_image(self, archive: Path, name: str, tag: str) -> None:
        """Makes an image of a root folder's tar archive. Raises CannotRun with the engine's reason."""
        path = f"/images/create?fromSrc=-&repo={name}&tag={tag}"
        with archive.open("rb") as content:
            status, text = self.ask("POST", path, content, archive.stat().st_size)
        if status != 200 or b'"error"' in text:
            raise CannotRun(f"the engine takes no image: {text.decode(errors='replace')}")


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def check() -> None:
    """Raises CannotRun where something is missing."""
    if os.geteuid() != 0:
        raise CannotRun(
            "it needs root: dockerd makes network namespaces, mounts and cgroups, and debootstrap a root folder"
        )
    missing = [package for command, package in _NEEDED.items() if shutil.which(command) is None]
    if missing:
        raise CannotRun(f"it needs Debian's {', '.join(missing)}: apt-get install {' '.join(missing)}")


@contextmanager
def engine() -> Iterator[Engine]:
    """Runs an engine, and takes all of it away again. Raises CannotRun."""
    check()
    folder = Path(tempfile.mkdtemp(prefix="cloudmend-engine-"))
    try:
        with _bridge() as (bridge, address), (folder / "log").open("w") as log:
            own = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
            words = ["dockerd", *(f"--{option}={folder / name}" for option, name in own.items())]
            words += [f"--host=unix://{folder}/socket", f"--bridge={bridge}"]
            words += ["--iptables=false", "--ip-forward=false", "--ip-masq=false"]
            with subprocess.Popen(words, stdout=log, stderr=log) as dockerd:
                running = Engine(folder / "socket", address)
                try:
                    _wait_for(running, dockerd, folder / "log")
                    yield running
                finally:
                    _end(dockerd)
    finally:
        _unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _bridge() -> Iterator[tuple[str, str]]:
    """A bridge of this process's own: its name, and this machine's address on it."""
    name, address = f"cm{os.getpid()}", f"10.213.{os.getpid() % 254 + 1}.1"
    _ip("link", "add", "name", name, "type", "bridge")
    try:
        _ip("addr", "add", f"{address}/24", "dev", name)
        _ip("link", "set", name, "up")
        yield name, address
    finally:
        _ip("link", "delete", name)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotRun(f"`ip {' '.join(words)}` failed: {done.stderr.strip()}")


def _wait_for(engine: Engine, dockerd: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while dockerd.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            if engine.ask("GET", "/_ping")[0] == 200:
                return
        time.sleep(0.2)
    raise CannotRun(f"dockerd does not run; the end of its log:\n{log.read_text()[-2000:]}")


def _end(dockerd: subprocess.Popen[bytes]) -> None:
    """It ends its containerd itself."""
    dockerd.terminate()
    try:
        dockerd.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        dockerd.kill()


def _unmount_below(folder: Path) -> None:
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for path in sorted((path for path in mounted if path.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", path], check=False)
