"""`cloudmend explain POLICY.json`: the answer for people and for programs, and what its user may type wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.test_main import ROOT
from cloudmend.cli import main as cli
from cloudmend.cli.help import BAD_INPUT, FOUND
from controls.families.policies.cases import OWNER, allow, on, policy

PUBLIC = allow(Sid="PublicRead")
SERVICE = allow(Principal={"Service": "cloudtrail.amazonaws.com"})
FOR_ANYBODY = "cloudtrail.amazonaws.com that acts for any AWS account"
BUT_A_SERVICE = "But AWS services can use 1 of its 2 statements for any AWS account."
OURS = allow(Principal={"AWS": OWNER})


class Shell:
    """A folder with policy.json, and `cloudmend explain` in it."""

    file = Path("policy.json")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def explain(self, *options: str, statements: Any = (OURS, PUBLIC, SERVICE), code: int = 0) -> str:
        self.file.write_text(json.dumps(policy(*statements), indent=2), encoding="utf-8")
        return self.run("explain", str(self.file), *options, code=code)

    def run(self, *words: str, code: int) -> str:
        self._monkeypatch.setattr(sys, "argv", ["cloudmend", *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        shown = self._capsys.readouterr()
        assert stop.value.code == code
        return shown.out or shown.err


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


def test_it_names_the_statements_and_a_request_that_proves_each(shell: Shell) -> None:
    assert shell.explain().splitlines() == [
        "policy.json is public: strangers can use 1 of its 3 statements.",
        "",
        "Statement 2 (PublicRead): anybody, without credentials, may call s3:GetObject on arn:aws:s3:::b/any.",
        "  Try it: aws s3 cp s3://b/any - --no-sign-request",
        "",
        f"Statement 3: {FOR_ANYBODY} may call s3:GetObject on arn:aws:s3:::b/any.",
        "",
        "To see the policy narrowed to the account that owns the resource, add --owner ACCOUNT.",
        "",
    ]


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([OURS], "policy.json is not public: no stranger can use any of its 1 statement."),
        (
            [OURS, SERVICE],
            f"policy.json is not public: no stranger can use it. {BUT_A_SERVICE}",
        ),
    ],
)
def test_the_first_line_is_the_answer(shell: Shell, statements: Any, told: str) -> None:
    assert shell.explain("--fail-on-findings", statements=statements).splitlines()[0] == told


def test_with_the_owner_it_shows_the_narrowed_policy_as_a_diff(shell: Shell) -> None:
    told = shell.explain("--owner", OWNER)

    lines = told.splitlines()
    assert "+++ policy.json, narrowed" in lines
    assert '+          "aws:PrincipalAccount": "111122223333"' in lines
    assert "  Narrow it by hand: it admits an AWS service. Whether that service sends aws:SourceAccount" in told
    assert "add --owner" not in told


def test_with_the_organization_it_narrows_to_that(shell: Shell) -> None:
    told = shell.explain("--owner", OWNER, "--organization", "o-a1b2c3d4e5")

    assert '"aws:PrincipalOrgID": "o-a1b2c3d4e5"' in told


def test_json_has_the_answer_the_requests_and_the_narrowed_policy(shell: Shell) -> None:
    answer = json.loads(shell.explain("--owner", OWNER, "--format", "json"))

    assert answer["public"]
    assert answer["deputy"]
    public, deputy = answer["findings"]
    assert (public["statement"], public["sid"], public["kind"], public["by_hand"]) == (2, "PublicRead", "public", "")
    assert public["witness"] == {
        "caller": "anybody, without credentials,",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/any",
        "keys": {},
        "command": "aws s3 cp s3://b/any - --no-sign-request",
    }
    assert deputy["by_hand"]
    condition = {"StringEquals": {"aws:PrincipalAccount": OWNER}}
    assert answer["narrowed"]["Statement"][1] == {**PUBLIC, "Condition": condition}


def test_sarif_has_the_line_of_each_statement(shell: Shell) -> None:
    (run,) = json.loads(shell.explain("--format", "sarif"))["runs"]

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["policy-public", "policy-deputy"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    lines = shell.file.read_text(encoding="utf-8").splitlines()
    assert [place["artifactLocation"]["uri"] for place in places] == ["policy.json", "policy.json"]
    assert '"Sid": "PublicRead"' in "".join(lines[places[0]["region"]["startLine"] - 1 :][:7])
    assert lines[places[0]["region"]["startLine"] - 1] == "    {"


def test_a_public_policy_fails_a_build_that_asks_for_it(shell: Shell) -> None:
    shell.explain("--fail-on-findings", code=FOUND)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--owner", "acme"], "--owner 'acme' is not an account: 12 digits, such as 111122223333."),
        (
            ["--owner", OWNER, "--organization", "acme"],
            "--organization 'acme' is not the id of an organization, such as o-a1b2c3d4e5.",
        ),
        (
            ["--organization", "o-a1b2c3d4e5"],
            "--organization says to what a policy is narrowed. Pass the owner of the resource too: --owner.",
        ),
    ],
)
def test_what_is_typed_wrong_is_said(shell: Shell, options: list[str], told: str) -> None:
    assert told in shell.explain(*options, code=BAD_INPUT)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({**PUBLIC, "Effect": "allow"}, "Statement number 1 of the policy cannot be read: Effect is 'allow', not"),
        (allow(Principal=None), "it names no Principal, so it is not of the policy of a resource."),
        (allow(on("StringSame", "aws:Referer", "x")), "'StringSame' is no operator of a condition"),
    ],
)
def test_a_policy_that_cannot_be_read_is_no_private_one(shell: Shell, statement: Any, told: str) -> None:
    assert told in shell.explain(statements=[statement], code=BAD_INPUT)


def test_the_options_of_a_policy_are_for_nothing_else(shell: Shell) -> None:
    told = shell.run("explain", "sg-05fe30eb67c909f27", "--owner", OWNER, code=BAD_INPUT)

    assert "'sg-05fe30eb67c909f27' is no policy of a resource" in told


def test_the_page_shows_a_policy_and_what_is_said_of_it(shell: Shell) -> None:
    page = (ROOT / "docs/scan.md").read_text(encoding="utf-8").partition("## Is a policy public?")[2]
    given, command, told = (block.partition("\n")[2] for block in page.split("```")[1:6:2])
    Path("bucket-policy.json").write_text(given, encoding="utf-8")

    assert shell.run(*command.split()[1:], code=0).strip() == told.strip()
