"""Make a virtual environment from a lock file, and say how far it has come: on a slow machine it takes minutes."""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

LOOK_S = 0.5
# Where nobody watches, a line in so many seconds.
LINE_S = 10.0


def install(folder: Path, lock: Path) -> Iterator[str]:
    """Run the folder's pip, and yield twice a second what it is at.

    Raises SystemExit with what pip said if it fails.
    """
    # A lock file is a closed list with hashes, so nothing is left for pip to resolve.
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    words = [*pip, "install", "--progress-bar", "off", "--no-deps", "--require-hashes", "--requirement", str(lock)]
    before = count(folder)
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT) as process:  # noqa: S603
            while process.poll() is None:
                time.sleep(LOOK_S)
                said.seek(0)
                yield stage(said.read(), count(folder) - before)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(f"{said.read()}\nmake: pip could not install {lock} into {folder}; its message above says why.")


def count(folder: Path) -> int:
    """Return how many packages are in an environment."""
    return len(list(folder.glob("lib/python*/site-packages/*.dist-info")))


def stage(said: str, installed: int) -> str:
    """Return what pip is at, by what it has printed."""
    if found := re.search(r"^Installing collected packages: (.*)$", said, re.MULTILINE):
        return f"installed {installed} of {found[1].count(',') + 1} packages"
    names = re.findall(r"^Collecting ([\w.-]+)", said, re.MULTILINE)
    return f"fetching {names[-1]}" if names else "starting pip"


def show(folder: Path, stages: Iterator[str]) -> None:
    """Write the stages: one line that changes on a terminal, else a line now and then."""
    is_terminal = sys.stdout.isatty()
    told = time.monotonic()
    for each in stages:
        if is_terminal or time.monotonic() - told > LINE_S:
            told = time.monotonic()
            sys.stdout.write(f"\r  {folder}: {each}\x1b[K" if is_terminal else f"  {folder}: {each}\n")
            sys.stdout.flush()
    sys.stdout.write("\r\x1b[K" * is_terminal + f"  {folder}: ready\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a virtual environment from a lock file.")
    parser.add_argument("folder", type=Path, help="such as .venv")
    parser.add_argument("lock", type=Path, help="such as requirements/dev.txt")
    arguments = parser.parse_args()
    sys.stdout.write(f"Setting up {arguments.folder} from {arguments.lock} ...\n")
    sys.stdout.flush()
    # Anew, because an older one may be of another Python, or hold what the lock no longer lists.
    make = [sys.executable, "-m", "venv", "--clear", str(arguments.folder)]
    if subprocess.run(make, check=False).returncode:  # noqa: S603
        sys.exit(f"make: {sys.executable} could not make {arguments.folder}; its message above says why.")
    show(arguments.folder, install(arguments.folder, arguments.lock))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nmake: interrupted. The same command again goes on from there.")
