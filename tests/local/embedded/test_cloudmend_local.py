"""The fixture `cloudmend_local`, as a project has it that tests against the embedded AWS."""

from __future__ import annotations

import os
import re
import sys
import tomllib

import pytest

from walkthrough.blocks import ROOT

pytest_plugins = ("pytester",)

PLUGIN = "cloudmend.testing.plugin"
EXAMPLE = re.compile(
    r"^<!-- test: the fixture in a project of one.s own -->\n```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL
)


def test_the_example_of_the_page_passes_and_leaves_the_environment_as_it_was(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    (example,) = EXAMPLE.findall((ROOT / "docs" / "embedded-aws.md").read_text(encoding="utf-8"))
    pytester.makepyfile(example)
    pytester.runpytest_inprocess().assert_outcomes(passed=2)
    assert os.environ["AWS_PROFILE"] == "work"
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_pytest_finds_the_fixture_by_itself_where_the_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}


def test_without_the_extra_the_fixture_says_what_is_missing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    pytester.makepyfile("def test_it(cloudmend_local): pass")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs boto3. Run: pip install 'cloudmend?testing?'*"])
