"""The figures of the house in CONTRIBUTING.md: how many modules and functions there are, and how long each is."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

SRC: Final = Path(__file__).parents[1] / "src" / "cloudmend"
BOUNDS: Final = (60, 100, 250)  # lines


def main() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(SRC.rglob("*.py"))}
    lines = [len(text.splitlines()) for text in texts.values()]
    functions = [length for text in texts.values() for length in function_lengths(text)]
    packages = sum(path.name == "__init__.py" for path in texts)
    sys.stdout.write(
        f"{len(lines)} modules of {sum(lines):,} lines: {', '.join(sizes(lines))}\n"
        f"{packages} of them are a package's __init__.py\n"
        f"{len(functions):,} functions: half have at most {median(functions):.0f} lines, {longer(functions, 20)}\n"
    )


def function_lengths(text: str) -> Iterator[int]:
    """Yield how many lines each function of a file has, without decorators."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def sizes(lines: Iterable[int]) -> Iterator[str]:
    """Yield how many modules there are between two bounds."""
    lines = list(lines)
    for low, high in zip((0, *BOUNDS), (*BOUNDS, 10**9), strict=True):
        count = sum(low <= each < high for each in lines)
        yield f"{count} of {low} to {high - 1}" if high < 10**9 else f"{count} of {low} or more"


def longer(functions: Sequence[int], most: int) -> str:
    """Return how many functions have more lines than `most`, in words."""
    return f"and {sum(each > most for each in functions) / len(functions):.0%} have more than {most}"


if __name__ == "__main__":
    main()
