"""The table of the controls: what wakes which is what each control says itself, and only what wakes is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cloudmend.controls import IDS, every, table, woken_by
from cloudmend.controls.table import WAKES
from cloudmend.core.model import ApiCall
from cloudmend.template.rules import find_controls
from cloudmend.template.rules import table as written


def call(source: str, name: str) -> ApiCall:
    return ApiCall(event_id="", source=source, name=name, time=None, account="", region="")


def test_the_table_is_what_the_controls_say() -> None:
    assert Path(table.__file__).read_text(encoding="utf-8") == written(find_controls()), "write it anew: make generate"


def test_the_table_names_each_controls_own_triggers() -> None:
    for control in every():
        own = {(trigger.source, trigger.name) for trigger in control.triggers}
        assert own == {(source, name) for source, names in WAKES.items() for name in names if control.id in names[name]}


def test_every_id_stands_there_once() -> None:
    assert list(IDS) == [control.id for control in every()]
    assert len(set(IDS)) == len(IDS)


def test_a_call_wakes_the_controls_that_watch_it() -> None:
    for control in every():
        for trigger in control.triggers:
            assert control in woken_by([call("other", "Call"), call(trigger.source, trigger.name)])
            assert control not in woken_by([call("other.amazonaws.com", trigger.name)])


PROGRAM = """
import json, sys
from cloudmend.controls import woken_by
from cloudmend.core.model import ApiCall
call = ApiCall(event_id="", source=sys.argv[1], name=sys.argv[2], time=None, account="", region="")
before = set(sys.modules)
woken_by([call])
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.parametrize(("source", "name"), [(source, name) for source, names in WAKES.items() for name in names])
def test_a_call_imports_the_controls_that_it_wakes_and_no_other(source: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, source, name], cwd="tests", capture_output=True, text=True, check=True
    )
    loaded = {module.split(".")[2] for module in json.loads(done.stdout) if module.startswith("cloudmend.controls.")}
    assert loaded & {*IDS} == {*WAKES[source][name]}
