"""The table of the controls: what wakes which is what each control says itself, and only what wakes is imported."""

from __future__ import annotations

import json
import subprocess
import sys

from cloudmend.controls import IDS, WOKEN_BY, every, woken_by
from cloudmend.core.model import ApiCall


def call(source: str, name: str) -> ApiCall:
    return ApiCall(event_id="", source=source, name=name, time=None, account="", region="")


def test_the_table_names_each_controls_own_id_and_triggers() -> None:
    own = {control.id: {(trigger.source, trigger.name) for trigger in control.triggers} for control in every()}
    assert own == {name: {(source, each) for each in names} for name, (source, names) in WOKEN_BY.items()}


def test_every_id_stands_there_once() -> None:
    assert list(IDS) == [control.id for control in every()]
    assert len(set(IDS)) == len(IDS)


def test_a_call_wakes_the_controls_that_watch_it() -> None:
    for control in every():
        for trigger in control.triggers:
            assert control in woken_by([call("other", "Call"), call(trigger.source, trigger.name)])
            assert control not in woken_by([call("other.amazonaws.com", trigger.name)])


def test_a_call_imports_what_it_wakes_and_no_other_control() -> None:
    program = (
        "import json, sys\nfrom cloudmend.controls import woken_by\nfrom controls.test_table import call\n"
        "before = set(sys.modules)\nwoken_by([call('s3.amazonaws.com', 'PutBucketPublicAccessBlock')])\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd="tests", capture_output=True, text=True, check=True)
    loaded = {name for name in json.loads(done.stdout) if name.startswith("cloudmend.controls.")}
    assert loaded == {"cloudmend.controls.resource_types", "cloudmend.controls.s3_bucket_block_public_access"}
