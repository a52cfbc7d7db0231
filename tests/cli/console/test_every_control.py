"""The console over an AWS with every control's kind of resource: its findings, its records, and the undo of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import escape
from typer.testing import CliRunner

from cli.console.conftest import FOR_2H, TOKEN, Visitor, said
from cli.console.test_record import rows
from cloudmend.cli.console.pages import console_context
from cloudmend.cli.console.serve import create_app
from cloudmend.cli.main import app
from cloudmend.controls import every
from cloudmend.disk.policy_file import PACKAGED
from cloudmend.local.server import EmbeddedAws
from cloudmend.testing.specimen import Specimen, name
from kit.specimens import DEEP, SPECIMENS
from local.embedded.helpers import client, unheard
from support import policy

REGION = "us-east-1"
LINES = {
    each.control.id: each.policy for each in SPECIMENS
}  # what a mend needs to be told, such as the approved ranges
FIXING = "".join(f'[control.{each.id}]\nmode = "fix"\n{LINES[each.id]}' for each in every() if each.mode == "observe")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[EmbeddedAws]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with EmbeddedAws(log=unheard) as embedded:
        for key, value in embedded.environment.items():
            monkeypatch.setenv(key, value)
        yield embedded


@pytest.fixture
def fixing(tmp_path: Path) -> str:
    """The path of a policy that mends what is only observed by default, too."""
    path = tmp_path / "policy.toml"
    path.write_text(f"{PACKAGED.read_text(encoding='utf-8')}\n{FIXING}", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "specimen",
    [pytest.param(each, marks=[pytest.mark.deep] if each in DEEP else []) for each in SPECIMENS if not each.by_event],
    ids=name,
)
def test_its_finding_is_shown_its_mend_has_a_record_and_its_undo_takes_it_back(
    aws: EmbeddedAws, fixing: str, specimen: Specimen
) -> None:
    resource, control = specimen.open(lambda service: client(aws, service)), specimen.control
    visitor = Visitor(create_app(console_context([REGION], "", policy(FIXING)), TOKEN).test_client())
    home = said(visitor.get())
    assert resource in home
    assert str(escape(control.title)) in home
    assert "chip fix" in home
    only = ["--resource", resource, "--control", control.id]  # the id of a Region is that of each of its settings
    words = ["fix", "--region", REGION, *only, "--policy", fixing, "--yes", "--json"]
    done = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    home = said(visitor.get())
    others = [each for each in every() if each.resource == control.resource and each.id != control.id]
    assert "Nothing but settings is at fault" in home or others  # by AWS's own defaults; or the bucket's other faults
    assert f'id="control-{control.id}"' not in home
    (record,) = done["records"]
    assert resource in said(visitor.get("mends"))
    page = said(visitor.get(f"records/{record['entry_id']}"))
    assert f"What {control.resource.noun} {resource} consisted of" in page
    assert f'<dd class="code">{control.id}</dd>' in page
    assert bool(record["taken"]) is bool(control.taken)
    assert all(str(escape(told)) in page for told in record["taken"])
    changed = [row for row in rows(page) if row[2] != "left alone"]
    parts = {edit["part"] for edit in record["edits"]}
    assert {part for part in parts if any(f"{row[0]} ".startswith(f"{part} ") for row in changed)} == parts
    assert len(changed) == len(parts)
    assert all(before != after for _, before, after in changed)
    assert visitor.post(f"records/{record['entry_id']}", **FOR_2H, step="undo").status_code == 303
    assert "Undone at" in said(visitor.get(f"records/{record['entry_id']}"))
    assert "left open on purpose</span>" in said(visitor.get())
