"""A command before a terminal, as a person starts it: what it says, and what is typed."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class Terminal:
    """A running command. `said` is all that it wrote so far."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self._process = process
        self._screen = screen
        self.said = ""

    def until(self, text: str) -> None:
        """Returns when it wrote that. Fails where it ends before."""
        while text not in self.said:
            assert self._read(), f"ended without {text!r}: {self.said}"

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def interrupt(self, signal_number: int) -> None:
        self._process.send_signal(signal_number)

    def end(self) -> int:
        """The exit status, once it has ended by itself."""
        while self._read():
            pass
        return self._process.wait()

    def _read(self) -> bool:
        """Whether there was more."""
        try:
            more = os.read(self._screen, 65536)
        except OSError:  # Linux says so when the last writer is gone
            return False
        self.said += more.decode(errors="replace").replace("\r\n", "\n")
        return bool(more)


@contextmanager
def terminal(words: list[str], folder: Path, environment: Mapping[str, str], columns: int = 200) -> Iterator[Terminal]:
    screen, keyboard = pty.openpty()
    before = {**environment, "TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen(words, cwd=folder, env=before, stdin=keyboard, stdout=keyboard, stderr=keyboard) as process:
        os.close(keyboard)
        try:
            yield Terminal(process, screen)
        finally:
            process.kill()  # does nothing where it ended by itself
            os.close(screen)
