"""docs/mutation.md: each mutant there is one of today's code and is argued; and how survivors are held against it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from check_mutants import Mutant, argued, changed_lines, disagreements, function_of, table

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "mutation.md").read_text(encoding="utf-8")
ARGUED = sorted(argued(PAGE))


def module(function: str) -> Path:
    """The file of core.network.AddressSet.union is core/network.py."""
    names = function.split(".")
    paths = (ROOT / "src" / "cloudmend" / Path(*names[:end]).with_suffix(".py") for end in range(len(names), 0, -1))
    return next(path for path in paths if path.is_file())


@pytest.mark.parametrize("mutant", ARGUED, ids=[mutant.function for mutant in ARGUED])
def test_what_an_argued_mutant_changes_is_a_line_of_that_function_s_module(mutant: Mutant) -> None:
    lines = {line.strip() for line in module(mutant.function).read_text(encoding="utf-8").splitlines()}
    assert {line[2:] for line in mutant.change if line.startswith("-")} <= lines


def test_every_function_of_the_page_has_mutants_and_an_argument() -> None:
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    for section in sections:
        words = re.sub(r"^`.+`$|^```diff\n.*?^```$|^## .*\Z", "", section, flags=re.MULTILINE | re.DOTALL)
        assert "```diff" in section
        assert words.strip(), section


def test_a_mutant_is_called_by_its_function() -> None:
    assert function_of("cloudmend.core.network.xǁAddressSetǁunion__mutmut_3") == "core.network.AddressSet.union"
    assert function_of("cloudmend.core.network.x__gaps__mutmut_14") == "core.network._gaps"


PAGE_OF_ONE = """\
### `core.a.f`

```diff
- return 1
+ return 2
```

It never runs.
"""
DIFF = "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2\n"
ONE, OTHER = Mutant("core.a.f", ("- return 1", "+ return 2")), Mutant("core.a.f", ("- return 1", "+ return 3"))


def test_a_mutant_of_the_page_is_that_of_the_diff() -> None:
    assert argued(PAGE_OF_ONE) == {Mutant("core.a.f", changed_lines(DIFF))} == {ONE}


def test_survivors_and_page_must_name_the_same_mutants() -> None:
    assert list(disagreements({ONE}, {ONE})) == []
    survivor, stale = disagreements({ONE}, {OTHER})
    assert survivor.startswith("This mutant survives: ")
    assert survivor.endswith("\ncore.a.f\n    - return 1\n    + return 2")
    assert stale.startswith("This mutant does not survive, or is no more: ")


def test_the_table_counts_by_module_what_was_killed() -> None:
    verdicts = {
        "cloudmend.core.a.x_f__mutmut_1": "killed",
        "cloudmend.core.a.xǁCǁf__mutmut_1": "timeout",
        "cloudmend.core.a.x__f__mutmut_2": "no tests",
        "cloudmend.core.b.x_f__mutmut_1": "survived",
    }
    rows = ["| core.a | 3 | 2 | 1 |", "| core.b | 1 | 0 | 1 |", "| all | 4 | 2 | 2 |"]
    assert table(verdicts).splitlines()[2:] == rows
