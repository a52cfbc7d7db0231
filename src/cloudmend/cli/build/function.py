"""Build the deployed function: locked wheels, cloudmend's own code, and nothing else.

Runs on any machine with Python 3.11 or newer and pip, without a container engine: wheels are fetched for Lambda's
two processors, not for the one that runs this. Two builds of the same sources are equal, byte for byte.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cloudmend.cli import PACKAGE, is_clone, repository
from cloudmend.cli.build.trim import (
    OPERATIONS,
    UNUSED,
    Operations,
    merged,
    remove,
    remove_unused,
    replace_modules,
    trim_aliases,
    trim_data,
)

LOCK = repository() / "requirements" / "lambda.txt"

Own = Mapping[str, Any]  # controls by the names of their modules; without msgspec nobody can import their type

# Lambda's processors. An extension module is named after its own, so one archive holds those of both.
MACHINES = ("aarch64", "x86_64")
# The wheels that Lambda's Amazon Linux 2023 (glibc 2.34) can load, newest first.
WHEEL_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")

# The part of the package that runs in Lambda; the command line and the embedded AWS stay at home.
FUNCTION_SOURCES = (
    "__init__.py",
    "aws",
    "controls",
    "core",
    "disk",
    "engine",
    "lambda_",
    "policy.toml",
)

# What of these only the command line imports.
AT_HOME = ("core/event_rules.py",)

# Where Lambda unpacks the archive: the paths in tracebacks, and no trace of the building machine.
TASK_ROOT = "/var/task"
# 2020-01-01 00:00 UTC; a ZIP cannot hold a time before 1980.
TIMESTAMP = 1_577_836_800
ZIP_TIME = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Target:
    """The Python that runs the function, such as `3.13`."""

    python_version: str

    @property
    def is_this_python(self) -> bool:
        return self.python_version == f"{sys.version_info.major}.{sys.version_info.minor}"

    def cache_key(self, operations: Operations) -> str:
        """Change with everything that shapes the installed dependencies."""
        digest = hashlib.sha256(f"{self.python_version} {sys.version} {sorted(operations.items())}".encode())
        for path in (LOCK, *sorted(Path(__file__).parent.glob("*.py"))):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def installed_dependencies(target: Target, operations: Operations) -> Path:
    """Return the folder of trimmed and compiled dependencies, made once for each target, lock and operations."""
    cache = cache_folder()
    cached = cache / target.cache_key(operations)
    if cached.exists():
        return cached
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        tree, *others = [install(target, machine, Path(scratch, machine)) for machine in MACHINES]
        for other in others:
            add_extension_modules(other, tree)
        remove_unused(tree)
        replace_modules(tree)
        trim_aliases(tree / "botocore" / "utils.py", operations)
        trim_data(tree / "botocore" / "data", operations)
        compile_sources(target, tree, root=tree)
        publish(tree, cached)
    return cached


def cache_folder() -> Path:
    """Return the folder for finished dependencies: in a clone its build folder, otherwise the user's cache."""
    if is_clone():
        return repository() / "build" / "dependencies"
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "cloudmend" / "dependencies"


def publish(tree: Path, cached: Path) -> None:
    """Move a finished tree into place, unless another build was faster."""
    try:
        tree.rename(cached)
    except OSError:
        if not cached.exists():
            raise


def install(target: Target, machine: str, tree: Path) -> Path:
    """Fetch the locked wheels for a machine, by hash, into `tree`, and return it."""
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
    locked = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", str(LOCK)]
    wheels = ["--implementation", "cp", "--python-version", target.python_version]
    for tag in WHEEL_TAGS:
        wheels += ["--platform", f"{tag}_{machine}"]
    if subprocess.run([*pip, *locked, *wheels, "--target", str(tree)], check=False).returncode != 0:  # noqa: S603
        sys.exit(
            f"build: pip could not install {LOCK} for {machine}, Python {target.python_version}; "
            "its message above says why."
        )
    return tree


def add_extension_modules(source: Path, tree: Path) -> None:
    """Copy the files that are named after the source's machine. All others are equal on each machine."""
    for path in source.rglob("*.so"):
        shutil.copy2(path, tree / path.relative_to(source))


def compile_sources(target: Target, folder: Path, *, root: Path) -> None:
    """Add bytecode that does not depend on the files' times, if this Python writes the target's bytecode."""
    if not target.is_this_python:
        return
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", TASK_ROOT]
    # Sets are written in the order of their hashes, so the seed decides the bytes.
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "compileall", *options, str(folder)],
        check=True,
        env={"PATH": os.defpath, "PYTHONHASHSEED": "0"},
    )


def assemble(target: Target, output: Path, folders: Collection[Path], own: Own) -> None:
    """Fill `output`, emptied first, with the dependencies, cloudmend's own code, and packages with other controls."""
    dependencies = installed_dependencies(target, operations_with(own))
    remove(output)
    shutil.copytree(dependencies, output)
    for name in FUNCTION_SOURCES:
        copy_source(PACKAGE / name, output / "cloudmend" / name)
    for name in AT_HOME:
        remove(output / "cloudmend" / name)
    write_table(output / "cloudmend" / "controls" / "table.py", own)
    packages = [output / folder.resolve().name for folder in folders]
    for folder, package in zip(folders, packages, strict=True):
        if package.exists():
            sys.exit(f"build: {folder} has the name of a package of the archive. Give the folder another.")
        copy_source(folder, package)
    for package in (output / "cloudmend", *packages):
        compile_sources(target, package, root=output)
    for path in [output, *output.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (TIMESTAMP, TIMESTAMP))


def operations_with(own: Own) -> Operations:
    """Return the operations that the function calls with these controls, by service."""
    if not own:
        return OPERATIONS
    from cloudmend.template.rules import operations

    return merged(OPERATIONS, operations(own.values()))


def write_table(path: Path, own: Own) -> None:
    """Write again the table of the events that wake each control.

    A Python that cannot import the controls keeps the committed table. A test proves that both are equal.
    """
    if importlib.util.find_spec("msgspec") is None:
        return
    from cloudmend.template.rules import find_controls, table

    path.write_text(table({**find_controls(), **own}), encoding="utf-8")


def copy_source(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, destination, ignore=shutil.ignore_patterns(*UNUSED))
    else:
        shutil.copyfile(source, destination)


def write_archive(folder: Path, archive: Path) -> None:
    """Write the folder's files as a ZIP whose bytes depend on their names and contents alone."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as bundle:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), ZIP_TIME)
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the function for AWS Lambda.")
    parser.add_argument("--python-version", required=True, help="such as 3.13")
    parser.add_argument("--output", required=True, type=Path, help="folder to fill; what is in it is removed")
    parser.add_argument("--archive", type=Path, help="ZIP file to write as well")
    return parser.parse_args()


def build(
    python_version: str,
    output: Path,
    archive: Path | None = None,
    folders: Collection[Path] = (),
    own: Own = MappingProxyType({}),
) -> None:
    """Fill the folder, and write the archive if one is named. Raises SystemExit with a sentence if pip cannot.

    `folders` are packages with controls of one's own, and `own` are these by the names of their modules.
    """
    if importlib.util.find_spec("pip") is None:
        in_clone = "Run `make setup`, or set PYTHON to a Python that has it."
        sys.exit(f"build: {sys.executable} has no pip. {in_clone if is_clone() else 'cloudmend[local] brings it.'}")
    target = Target(python_version)
    assemble(target, output, folders, own)
    if archive:
        write_archive(output, archive)
    bytecode = "with bytecode" if target.is_this_python else "without bytecode (this Python is another version)"
    sys.stdout.write(f"Built {output} for Python {target.python_version} on {' and '.join(MACHINES)}, {bytecode}.\n")


if __name__ == "__main__":
    arguments = parse_arguments()
    build(arguments.python_version, arguments.output, arguments.archive)
