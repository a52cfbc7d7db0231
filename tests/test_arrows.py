"""The arrows of the house: imports point one way, boto has one door, and importing a module does nothing."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
MODULES = sorted(
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
    for path in (SRC / "cloudmend").rglob("*.py")
)

# What each part of the house may import of the others.
ALLOWED = {
    "core": {"core"},
    "controls": {"core", "controls"},
    "engine": {"core", "engine"},
    "aws": {"core", "aws"},
    "disk": {"core", "controls", "disk"},
    "local": {"core", "local"},
    "__main__": {"cli"},
    "template": {"core", "controls", "template"},
    "lambda_": {"core", "controls", "engine", "aws", "disk", "lambda_"},
    "cli": {"core", "controls", "engine", "aws", "disk", "local", "lambda_", "template", "cli"},
    "testing": {"core", "engine", "aws", "local", "cli", "testing"},
}
PURE = {"core", "controls"}
STANDARD_LIBRARY_THAT_IS_NOT_PURE = {"os", "socket", "subprocess", "time", "logging", "random", "threading", "urllib"}


def part(module: str) -> str:
    return [*module.split("."), "", ""][1]


def path_of(module: str) -> Path:
    path = SRC.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(module: str) -> Iterator[str]:
    """Full names of what a module imports, anywhere in it; relative names are resolved."""
    path = path_of(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    here = part(module)
    if not here:
        return  # the package itself imports nothing
    inside = {part(name) for name in imports(module) if name.startswith("cloudmend.")}
    assert inside <= ALLOWED[here]


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) not in ("aws", "local", "testing")])
def test_boto_is_imported_in_aws_and_local_only(module: str) -> None:
    assert not [name for name in imports(module) if name.split(".")[0] in ("boto3", "botocore", "moto", "s3transfer")]


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) in PURE])
def test_the_pure_parts_import_nothing_that_acts(module: str) -> None:
    outside = {name.split(".")[0] for name in imports(module)} - {"cloudmend"}
    assert not outside & STANDARD_LIBRARY_THAT_IS_NOT_PURE
    assert outside <= set(sys.stdlib_module_names) | {"msgspec"}


EVALUATOR = [
    f"cloudmend.local.iam.{name}"
    for name in ("request", "patterns", "conditions", "principals", "documents", "evaluate")
]


@pytest.mark.parametrize("module", EVALUATOR)
def test_the_evaluator_of_iam_is_pure_and_shares_no_code_with_the_judgement_of_policies(module: str) -> None:
    names = set(imports(module))
    assert {name for name in names if name.startswith("cloudmend.")} <= {
        name for name in names if name.startswith(tuple(f"{each}." for each in EVALUATOR))
    }
    outside = {name.split(".")[0] for name in names} - {"cloudmend"}
    assert outside <= set(sys.stdlib_module_names) - STANDARD_LIBRARY_THAT_IS_NOT_PURE


SHARED_BY_CONTROLS = {"families", "resource_types"}  # no controls
NO_CONTROLS = {"catalog", *SHARED_BY_CONTROLS}


def test_a_control_imports_no_other_control() -> None:
    for module in (m for m in MODULES if m.startswith("cloudmend.controls.")):
        if (control := module.split(".")[2]) in NO_CONTROLS:
            continue
        others = {name.split(".")[2] for name in imports(module) if name.startswith("cloudmend.controls.")}
        assert others <= {control, *SHARED_BY_CONTROLS}


@pytest.mark.parametrize("place", ["core/policy", "cli/scan", "engine"])
def test_what_is_of_all_controls_knows_no_word_of_security_groups(place: str) -> None:
    words = re.compile(r"security.?group|cidr|prefix.?list|ingress|guarded|replacement", re.IGNORECASE)
    folder = SRC / "cloudmend" / place
    assert not [path.name for path in folder.rglob("*.py") if words.search(path.read_text(encoding="utf-8"))]


WORDS_OF_A_CONTROL = re.compile(r"security.?group|cidr|prefix.?list|ingress", re.IGNORECASE)
FOR_ALL = sorted(
    path.relative_to(SRC / "cloudmend").as_posix()
    for part_ in ("core", "engine")
    for path in (SRC / "cloudmend" / part_).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)


def words_of_a_control(name: str, source: str) -> list[str]:
    """What a file says of one control, in its name, code, docstrings and messages. Only comments may give examples."""
    said = [source]
    if name.endswith(".py"):
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        said = [token.string for token in tokens if token.type != tokenize.COMMENT]
    return [match[0] for text in (name, *said) for match in WORDS_OF_A_CONTROL.finditer(text)]


@pytest.mark.parametrize("name", FOR_ALL)
def test_what_is_for_all_controls_contains_no_word_of_one(name: str) -> None:
    assert words_of_a_control(name, (SRC / "cloudmend" / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("core/a.py", "def narrow_cidr(): ..."),
        ("core/a.py", "GroupId = group['SecurityGroups']"),
        ("core/a.py", '"""A security group, or another resource."""'),
        ("core/a.py", 'raise ValueError(f"{name} is no prefix list")'),
        ("core/prefix_lists.py", ""),
        ("core/words.toml", "# ingress"),
    ],
)
def test_a_word_of_one_control_is_found_wherever_it_stands(name: str, source: str) -> None:
    assert len(words_of_a_control(name, source)) == 1


def test_a_comment_may_have_a_word_of_one_control_as_an_example() -> None:
    assert words_of_a_control("core/a.py", 'name: str  # "AuthorizeSecurityGroupIngress"') == []


def test_there_are_no_circles() -> None:
    graph = {m: {target for name in imports(m) if (target := _module(name)) and target != m} for m in MODULES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"a circle: {' -> '.join([*trail, module])}"
        if module not in done:
            for target in graph[module]:
                visit(target, (*trail, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


# The most modules in a chain of imports: of all, and without the embedded AWS and the kit. To bring down, never up.
LONGEST_CHAIN = 13
LONGEST_CHAIN_OF_OTHERS = 11


@pytest.mark.parametrize(
    ("apart", "most"), [((), LONGEST_CHAIN), (("local", "testing"), LONGEST_CHAIN_OF_OTHERS)], ids=["all", "others"]
)
def test_no_chain_of_imports_is_longer_than_it_was(apart: tuple[str, ...], most: int) -> None:
    """Count only what importing a module imports: neither what functions import, nor what only the types need."""
    counted = [module for module in MODULES if part(module) not in apart]

    @cache
    def chain(module: str) -> tuple[str, ...]:
        targets = {target for name in imported_at_once(module) if (target := _module(name)) and target != module}
        return (module, *max(map(chain, targets.intersection(counted)), key=len, default=()))

    longest = max(map(chain, counted), key=len)
    assert len(longest) <= most, " -> ".join(longest)


def imported_at_once(module: str) -> Iterator[str]:
    """Full names of what importing a module imports, from cloudmend."""
    waiting: list[ast.AST] = [ast.parse(path_of(module).read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.Lambda) and "TYPE_CHECKING" not in _condition(node):
            waiting += ast.iter_child_nodes(node)


def _condition(node: ast.AST) -> str:
    return ast.unparse(node.test) if isinstance(node, ast.If) else ""


def _module(name: str) -> str:
    """The module of ours that an imported name is, or is in."""
    if name in MODULES and name != "cloudmend":
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in MODULES and parent != "cloudmend" else ""


WATCH = """
import importlib, os, sys, time

def refuse(what):
    def check():
        frame = sys._getframe(1)
        while frame.f_code.co_name != "<module>" and "/cloudmend/" not in frame.f_code.co_filename:
            frame = frame.f_back
        if "/cloudmend/" in frame.f_code.co_filename:  # what a library does is its own affair
            raise AssertionError(f"{frame.f_globals['__name__']} {what} when imported")
    return check

class Environment(dict):
    pass

for name in ("__getitem__", "get", "__contains__", "setdefault", "keys", "items", "__iter__", "copy"):
    def watched(self, *args, name=name, check=refuse("reads the environment")):
        check()
        return getattr(dict, name)(self, *args)
    setattr(Environment, name, watched)
os.environ = Environment(os.environ)

def hook(event, args, check=refuse("opens a socket")):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        check()
sys.addaudithook(hook)

def clock(real=time.time, check=refuse("reads the clock")):
    check()
    return real()
time.time = clock

for module in sys.argv[1:]:
    importlib.import_module(module)
"""


def imported_under_watch(*modules: str, folder: Path = SRC) -> str:
    """What is written to stderr when the modules are imported by a fresh interpreter."""
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{WATCH}", *modules]
    return subprocess.run(run, capture_output=True, text=True, check=False).stderr


def test_importing_a_module_opens_no_socket_and_reads_neither_environment_nor_clock() -> None:
    assert not imported_under_watch(*MODULES)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import os; os.environ.get('HOME')", "reads the environment"),
        ("import os; os.getenv('HOME')", "reads the environment"),
        ("import time; time.time()", "reads the clock"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "opens a socket"),
    ],
)
def test_the_watch_itself_notices(tmp_path: Path, line: str, said: str) -> None:
    package = tmp_path / "cloudmend"
    package.mkdir()
    (package / "guilty.py").write_text(line)
    assert f"guilty {said}" in imported_under_watch("guilty", folder=package)
