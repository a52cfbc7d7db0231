"""What cloudmend prints about another cloudmend command: whatever writes says by which stack or ledger."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.doctor.patient import STACK, Patient
from cli.scan.test_report import REPORT
from cloudmend.cli.context import look_context
from cloudmend.cli.doctor.check import Deployment
from cloudmend.cli.messages import again
from cloudmend.cli.scan.page import scan_page
from cloudmend.controls import every
from cloudmend.core.notice.wording import undo_command
from cloudmend.disk.policy_file import PACKAGED
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import unheard
from support import NOW

ROOT = Path(__file__).parents[2]
WRITES = re.compile(r"cloudmend (undo|exempt add|exempt remove|fix|invoke|console)\b")
NAMED = re.compile(r"--ledger|--stack-name|the same command|\{options\}")

# Sentences that name such a command and no ledger, and why none can act by another one.
WITHOUT = {
    "src/cloudmend/cli/local/run.py": "the embedded AWS has no stack yet, and its own ledger",
    "src/cloudmend/engine/stations/tell.py": "it says what undo refuses",
    "src/cloudmend/core/notice/chat.py": "no command: an undo that finds no such record does nothing",
    "src/cloudmend/cli/console/serve.py": "it names the console that is running",
    "src/cloudmend/cli/console/templates/base.html": "it names the console that is running",
    "src/cloudmend/cli/console/static/live.js": "it names the console that is running",
    "src/cloudmend/core/notice/digest.py": "its options name the table: tests/core/test_digest.py has them whole",
    "src/cloudmend/core/ledger_records.py": "the sentence names it behind the id",
    "src/cloudmend/core/undo.py": "what a record came through",
    "src/cloudmend/core/notice/wording.py": "undo_command, which is tested below",
}


def sentences(path: Path) -> Iterator[str]:
    """The texts of a file that may be printed: of Python its strings but docstrings and what is in commands' help."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from text.splitlines()
        return
    tree = ast.parse(text)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def printed() -> list[tuple[str, str]]:
    """The sentences that name a command that writes, each with its file. A command's own help is about that command."""
    files = [path for path in (ROOT / "src").rglob("*") if path.suffix in {".py", ".html", ".js"}]
    named = {path: str(path.relative_to(ROOT)) for path in files if "commands" not in path.parts}
    return [(name, each) for path, name in named.items() for each in sentences(path) if WRITES.search(each)]


def test_every_sentence_that_names_a_command_that_writes_says_by_which_ledger_or_why_not() -> None:
    told = printed()
    assert any("exempt add" in sentence for _, sentence in told)
    unnamed = {name for name, sentence in told if not NAMED.search(sentence)}
    assert unnamed == WITHOUT.keys()


@pytest.mark.parametrize("page", ["docs/operations.md", "docs/doctor.md"])
def test_every_command_that_writes_on_the_pages_about_a_stack_names_it(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", "")
    commands = [line for line in re.findall(r"(?:^|`| )(cloudmend [^`\n]*)", text, re.MULTILINE) if WRITES.match(line)]
    assert commands or page == "docs/doctor.md"
    assert [command for command in commands if not re.search(r"--ledger|--stack-name", command)] == []


def test_a_command_to_undo_names_the_ledger_that_holds_the_record() -> None:
    told = undo_command("sg-1/2", region="eu-west-1", ledger="LedgerTable-1A")
    assert told.startswith("cloudmend undo sg-1/2 --region eu-west-1 --ledger LedgerTable-1A --for ")


def test_a_command_of_doctor_s_names_the_stack() -> None:
    here = Deployment(account="111122223333", region="eu-west-1", partition="aws", stack="mine")
    assert here.cloudmend("invoke", "-e", "-") == "cloudmend invoke -e - --stack-name mine --region eu-west-1"


def test_another_command_is_about_the_same_ledger() -> None:
    assert again("exempt", "list", ledger="table", region="eu-west-1") == (
        "cloudmend exempt list --ledger table --region eu-west-1"
    )
    assert again("exempt", "list", ledger="", region=None) == "cloudmend exempt list"


def test_a_page_of_a_scan_names_the_fix_that_judges_as_the_scan_did(tmp_path: Path) -> None:
    policy = tmp_path / "our policy.toml"
    policy.write_text(PACKAGED.read_text())
    context = look_context(policy, ledger="", stack="", region=None)
    page = scan_page(REPORT, every(), None, NOW, (*context.options, "--region", "eu-west-1"))
    fix = f"cloudmend fix --policy &#39;{policy}&#39; --region eu-west-1"
    assert f"<code>{fix}</code> shows the same, asks, and does it." in page
    assert f"<code>{fix} --resource ID</code> closes it." in page


def test_a_page_of_a_stack_s_scan_names_no_fix_by_another_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedAws(log=unheard) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        Patient(aws).deploy(Mode="observe")
        context = look_context(PACKAGED, ledger="", stack=STACK, region=aws.region)
    page = scan_page(REPORT, every(), None, NOW, context.options)
    assert "cloudmend fix" not in page
    assert "The stack's own functions do it: at the next event, or the next sweep." in page
