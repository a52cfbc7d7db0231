"""An AWS of canned answers, so that a benchmark measures the client and not an emulator.

    python bench/canned.py --groups 1000 --latency 20

Then set AWS_ENDPOINT_URL to the URL that it prints, and any credentials. `GET /canned` tells what was called and how
many doors are open. `POST /canned` starts anew, with {"groups": 1000, "every": 20, "latency_ms": 20, "throttled": true}
in place of the options; what is left out has its default.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import ssl
import sys
from pathlib import Path
from typing import Any

from answers import Answers
from estate import Estate

HOST = "127.0.0.1"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: *\S*?(\w+)\r\n", re.IGNORECASE)
_ACTION = re.compile(r"(?:^|&)Action=(\w+)")
_PATHS = {b"/findings/import": "BatchImportFindings"}


class Canned:
    """What the server answers now, and after how long."""

    def __init__(self, *, groups: int = 1, every: int = 20, latency_ms: float = 0, throttled: bool = False) -> None:
        self.latency_s = latency_ms / 1000
        self.answers = Answers(Estate(groups, every), throttled=throttled)

    def told(self) -> bytes:
        answers = self.answers
        counts = {"calls": answers.calls, "refused": answers.refused, "open": answers.estate.open}
        return json.dumps({**counts, "closed_at": answers.closed_at}).encode()


class Server:
    def __init__(self, canned: Canned) -> None:
        self.canned = canned

    def answer(self, head: bytes, body: bytes) -> tuple[int, bytes, float]:
        """Status, body and seconds to wait."""
        method, path, _ = head.split(b" ", 2)
        if path == b"/canned":
            if method == b"POST":
                self.canned = Canned(**json.loads(body))
            return 200, self.canned.told(), 0
        action = _action(head, path, body.decode())
        return *self.canned.answers.answer(action, body.decode()), self.canned.latency_s


class Connection(asyncio.Protocol):
    """One keep-alive connection, on which a client sends a request when it has the answer to the last."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or (length and len(rest) < int(length[1])):
            return
        self._received = b""
        status, body, wait_s = self._server.answer(head + b"\r\n", rest)
        kind = b"application/x-amz-json-1.0" if body.startswith(b"{") else b"text/xml;charset=UTF-8"
        answer = b"HTTP/1.1 %d -\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (status, kind, len(body), body)
        if wait_s:
            asyncio.get_running_loop().call_later(wait_s, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _action(head: bytes, path: bytes, body: str) -> str:
    """The API action that a request asks for, in any of the three ways in which AWS's services are told."""
    if target := _TARGET.search(head):
        return target[1].decode()
    named = _ACTION.search(body)
    return named[1] if named else _PATHS.get(path, path.decode())


def tls_context(folder: Path) -> ssl.SSLContext:
    from endpoint import CERTIFICATE
    from trust import make_trust

    make_trust(folder, HOST)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / CERTIFICATE)
    return tls


async def serve(canned: Canned, port: int, trust: Path | None) -> None:
    server, tls = Server(canned), tls_context(trust) if trust else None
    listening = await asyncio.get_running_loop().create_server(lambda: Connection(server), HOST, port, ssl=tls)
    scheme = "https" if tls else "http"
    sys.stdout.write(f"{scheme}://{HOST}:{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await listening.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="An AWS of canned answers.")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 for any that is free")
    parser.add_argument("--groups", type=int, default=1, help="how many security groups there are, of six rules each")
    parser.add_argument("--every", type=int, default=20, help="every how many-th group has tcp/22 open to the world")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each answer")
    parser.add_argument("--throttled", action="store_true", help="writes have EC2's bucket: 50, then 5 a second")
    parser.add_argument("--trust", type=Path, help="speak TLS, and write to this folder what clients trust")
    given = parser.parse_args()
    canned = Canned(groups=given.groups, every=given.every, latency_ms=given.latency, throttled=given.throttled)
    asyncio.run(serve(canned, given.port, given.trust))


if __name__ == "__main__":
    main()
