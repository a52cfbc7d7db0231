"""Mutation testing of core/, the controls and the stations: each survivor is argued in docs/mutation.md.

Fails where one survives that is not argued, where an argued one does not survive, and where more than one in
twenty do. Run from the root of the repository, as `make test-deep` does; mutmut's settings are in pyproject.toml.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PAGE = Path("docs/mutation.md")
MOST = 1 / 20  # of all mutants may survive
MUTMUT = Path(sys.executable).with_name("mutmut")
KILLED = {"killed", "timeout", "caught by type check"}

_VERDICT = re.compile(r"^ +(\S+): (.+)$", re.MULTILINE)
_SECTION = re.compile(r"^### `(?P<function>[\w.]+)`$(?P<body>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_DIFF = re.compile(r"^```diff\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Mutant(NamedTuple):
    """A change to one function, identified by its diff: mutmut's own names shift with every edit above them."""

    function: str  # core.network.AddressSet.union
    change: tuple[str, ...]  # the lines of its diff that begin with - or +

    def __str__(self) -> str:
        return "\n".join((self.function, *(f"    {line}" for line in self.change)))


def main() -> int:
    shutil.rmtree("mutants", ignore_errors=True)  # its cache does not see that a test changed
    subprocess.run([MUTMUT, "run"], check=True, env={**os.environ, "HYPOTHESIS_PROFILE": "mutation"})  # noqa: S603
    verdicts = dict(_VERDICT.findall(_mutmut("results", "--all", "true")))
    survivors = [name for name, verdict in verdicts.items() if verdict not in KILLED]
    problems = list(disagreements({mutant(name) for name in survivors}, argued(PAGE.read_text(encoding="utf-8"))))
    if len(survivors) > MOST * len(verdicts):
        problems.append(f"{len(survivors)} of {len(verdicts)} mutants survive: more than one in twenty.")
    told = "\n\n".join(problems) or "Every mutant that survives is argued."
    sys.stdout.write(f"\n{table(verdicts)}\n\n{told}\n")
    return 1 if problems else 0


def argued(page: str) -> set[Mutant]:
    """The mutants of the page: under a heading with the function's name, a diff each."""
    return {
        Mutant(section["function"], changed_lines(diff))
        for section in _SECTION.finditer(page)
        for diff in _DIFF.findall(section["body"])
    }


def disagreements(survivors: set[Mutant], argued: set[Mutant]) -> Iterator[str]:
    for found in sorted(survivors - argued):
        yield f"This mutant survives: add a test, or an argument to {PAGE}.\n{found}"
    for found in sorted(argued - survivors):
        yield f"This mutant does not survive, or is no more: take it out of {PAGE}.\n{found}"


def mutant(name: str) -> Mutant:
    return Mutant(function_of(name), changed_lines(_mutmut("show", name)))


def function_of(name: str) -> str:
    """cloudmend.core.network.xǁAddressSetǁunion__mutmut_3 -> core.network.AddressSet.union"""
    mangled = name.removeprefix("cloudmend.").rpartition("__mutmut_")[0]
    return mangled.replace(".xǁ", ".").replace("ǁ", ".").replace(".x_", ".")


def changed_lines(diff: str) -> tuple[str, ...]:
    """The lines that a diff takes away and adds, without their indentation."""
    lines = (line for line in diff.splitlines() if line[:1] in ("-", "+") and line[:3] not in ("---", "+++"))
    return tuple(f"{line[0]} {line[1:].strip()}" for line in lines)


def table(verdicts: Mapping[str, str]) -> str:
    """Return what became of the mutants of each module, as docs/mutation.md shows it."""
    rows = Counter((module_of(name), verdict in KILLED) for name, verdict in verdicts.items())
    modules = sorted({module for module, _ in rows})
    lines = [(module, rows[module, True] + rows[module, False], rows[module, False]) for module in modules]
    lines.append(("all", sum(line[1] for line in lines), sum(line[2] for line in lines)))
    head = "| module | mutants | killed | survive |\n| --- | --- | --- | --- |"
    return "\n".join([head, *(f"| {name} | {all_} | {all_ - left} | {left} |" for name, all_, left in lines)])


def module_of(name: str) -> str:
    return re.split(r"\.x[_ǁ]", name.removeprefix("cloudmend."))[0]


def _mutmut(*arguments: str) -> str:
    done = subprocess.run([MUTMUT, *arguments], check=True, capture_output=True, encoding="utf-8")  # noqa: S603
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
