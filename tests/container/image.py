"""A stand-in for AWS's image of Lambda's Python, made without any image registry.

Debian's Python of the same version, AWS's own runtime client where AWS's image has it, and what starts it. SAM adds
AWS's emulator of Lambda, which its package brings, as it does to AWS's image.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from container.engine import CannotRun
from walkthrough.template import ROOT

PYTHON: Final = "3.13"
# The release of Debian that has this Python.
SUITE: Final = "trixie"
NAME: Final = "public.ecr.aws/lambda/python"
# The runtime client, and what it imports.
CLIENT: Final = ("awslambdaric", "simplejson", "snapshot-restore-py")
MACHINE: Final = platform.machine()
ARCHITECTURE: Final = {"aarch64": "arm64", "x86_64": "x86_64"}[MACHINE]
TAG: Final = f"{PYTHON}-{ARCHITECTURE}"
BOOTSTRAP: Final = f"""#!/bin/sh
export PYTHONPATH=/var/runtime
exec /usr/bin/python{PYTHON} -m awslambdaric "$_HANDLER"
"""
# Of no use in the image, and most of it.
_LEFT_OUT: Final = ("./dev/*", "./proc/*", "./sys/*", "./usr/share/doc", "./usr/share/locale", "./var/cache/apt")


def archive() -> Path:
    """The image's files as a tar archive in build/, made once for each version of the client. Raises CannotRun."""
    version = re.findall(r"^awslambdaric==(\S+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)[0]
    made = ROOT / "build" / "container" / f"python-{TAG}-awslambdaric-{version}.tar"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="cloudmend-image-") as scratch:
            root = Path(scratch, "root")
            _debian(root)
            _runtime(root / "var" / "runtime")
            unfinished = made.with_suffix(".unfinished")
            without = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
            subprocess.run(["tar", "-C", root, *without, "-cf", unfinished, "."], check=True)
            unfinished.rename(made)
    return made


def _debian(root: Path) -> None:
    words = ["debootstrap", "--variant=minbase", f"--include=python{PYTHON},ca-certificates", SUITE, str(root)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise CannotRun(f"`{' '.join(words)}` failed:\n{done.stdout[-2000:]}")


def _runtime(folder: Path) -> None:
    """Fills /var/runtime, from the lock of the embedded AWS, which runs the same client."""
    blocks = re.split(r"^(?=[\w.-]+==)", (ROOT / "requirements" / "dev.txt").read_text(), flags=re.MULTILINE)
    locked = [block for block in blocks if block.startswith(tuple(f"{name}==" for name in CLIENT))]
    assert len(locked) == len(CLIENT)
    folder.mkdir(parents=True)
    lock = folder / "lock.txt"
    lock.write_text("".join(locked))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
    ]
    wheels = ["--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON]
    for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014"):
        wheels += ["--platform", f"{tag}_{MACHINE}"]
    subprocess.run([*pip, *wheels, "--requirement", lock, "--target", folder], check=True)
    lock.unlink()
    (folder / "bootstrap").write_text(BOOTSTRAP)
    (folder / "bootstrap").chmod(0o755)
    shutil.rmtree(folder / "bin", ignore_errors=True)
