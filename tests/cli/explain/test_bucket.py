"""`cloudmend explain s3://BUCKET`: what strangers can do with a bucket, after all that S3 asks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cli.test_main import ROOT
from cloudmend.cli import main as cli
from cloudmend.cli.help import BAD_INPUT, FOUND, INCOMPLETE
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, document, unheard

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
OPEN = {"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::web/*"}
OURS = {**OPEN, "Sid": "ours", "Principal": {"AWS": ACCOUNT}}
OFF = ["BlockPublicAcls is off.", "IgnorePublicAcls is off.", "BlockPublicPolicy is off."]


class Shell:
    """A bucket, web, whose owner uses ACLs and blocks nothing, and `cloudmend explain` for it."""

    def __init__(self, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.s3, self.account = client(aws, "s3"), client(aws, "s3control")
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.s3.create_bucket(Bucket="web", ObjectOwnership="ObjectWriter")
        self.s3.delete_public_access_block(Bucket="web")

    def policy(self, *statements: Any) -> None:
        self.s3.put_bucket_policy(Bucket="web", Policy=document(*statements))

    def acl(self, permission: str = "GrantRead") -> None:
        self.s3.put_bucket_acl(Bucket="web", GrantFullControl='id="owner"', **{permission: f'uri="{EVERYBODY}"'})

    def block(self, *flags: str) -> None:
        """Have the account block."""
        on = dict.fromkeys(flags, True)
        self.account.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=on)

    def explain(self, *words: str, code: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["cloudmend", "explain", *(words or ("s3://web",))])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        shown = self._capsys.readouterr()
        assert stop.value.code == code, shown
        return shown.out or shown.err

    def first(self, *words: str, code: int = 0) -> str:
        return self.explain("s3://web", *words, code=code).partition("\n")[0]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with EmbeddedAws(log=unheard) as aws:
        for key, value in aws.environment.items():
            monkeypatch.setenv(key, value)
        yield Shell(aws, monkeypatch, capsys)


def test_a_bucket_that_is_open_both_ways_is_told_whole(shell: Shell) -> None:
    shell.policy(OPEN, OURS)
    shell.acl()
    lines = shell.explain().splitlines()
    assert lines[:16] == [
        "s3://web is public: strangers can use it, by its policy and its ACL.",
        "",
        *OFF,
        "RestrictPublicBuckets is off.",
        "Objects can have ACLs of their own, which were not looked at.",
        "",
        "The policy of s3://web is public: strangers can use 1 of its 2 statements.",
        "",
        "Statement 1 (all): anybody, without credentials, may call s3:GetObject on arn:aws:s3:::web/any.",
        "  Try it: aws s3 cp s3://web/any - --no-sign-request",
        "",
        "Its ACL grants READ for AllUsers: everybody may list its objects.",
        "  Try it: aws s3 ls s3://web --no-sign-request",
        "",
    ]
    assert f'+          "aws:PrincipalAccount": "{ACCOUNT}"' in lines


def test_what_the_account_hides_is_said_to_be_hidden(shell: Shell) -> None:
    shell.policy(OPEN)
    shell.acl()
    shell.block("RestrictPublicBuckets", "IgnorePublicAcls")
    told = shell.explain()
    assert told.startswith(
        "s3://web is not public now, for block public access hides its policy: RestrictPublicBuckets is on for the "
        "account. Without it strangers could use the bucket.\n"
    )
    assert "\nIgnorePublicAcls is on for the account.\n" in told
    assert "\nPublic grants in ACLs are ignored, and S3 does not show them.\n" in told
    shell.explain("s3://web", "--fail-on-findings", code=FOUND)


def test_a_flag_for_policies_hides_no_acl(shell: Shell) -> None:
    shell.policy(OPEN)
    shell.acl()
    shell.block("RestrictPublicBuckets")
    assert shell.first() == "s3://web is public: strangers can use it, by its ACL."


def test_a_bucket_as_aws_makes_it_is_not_public(shell: Shell) -> None:
    shell.s3.create_bucket(Bucket="plain")
    shell.block("BlockPublicAcls")
    told = shell.explain("s3://plain/", "--fail-on-findings")
    assert told.startswith("s3://plain is not public: it has no policy, and its ACL lets nobody in.\n")
    assert "BlockPublicAcls is on for the bucket and the account.\n" in told
    assert "ACLs are off: the bucket's owner owns all objects (BucketOwnerEnforced).\n" in told
    shell.policy(OURS)
    assert shell.first() == "s3://web is not public: its policy lets no stranger in, and its ACL lets nobody in."


def test_a_program_gets_one_line_with_what_counts_now(shell: Shell) -> None:
    shell.policy(OPEN)
    told = json.loads(shell.explain("s3://web", "--format", "json", "--fail-on-findings", code=FOUND))
    assert (told["bucket"], told["public"], told["by"], told["hidden"]) == ("web", True, ["policy"], False)
    assert told["findings"][0]["witness"]["command"] == "aws s3 cp s3://web/any - --no-sign-request"
    assert told["narrowed"]["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    shell.block("RestrictPublicBuckets")
    shell.acl("GrantWriteACP")
    shell.s3.delete_bucket_policy(Bucket="web")
    told = json.loads(shell.explain("s3://web", "--format", "json"))
    assert (told["public"], told["by"], told["hidden"], told["findings"]) == (True, ["acl"], False, [])
    assert told["grants"] == [
        {"grant": "WRITE_ACP for AllUsers", "reason": "everybody may change its ACL", "command": ""}
    ]
    assert told["block_public_access"]["RestrictPublicBuckets"] == ["account"]
    assert told["ownership"] == "ObjectWriter"


def test_code_scanning_gets_a_result_for_each_statement_and_grant(shell: Shell) -> None:
    shell.policy(OPEN)
    shell.acl()
    (run,) = json.loads(shell.explain("s3://web", "--format", "sarif"))["runs"]
    assert [each["ruleId"] for each in run["results"]] == ["policy-public", "acl-public"]
    assert {each["ruleId"] for each in run["results"]} <= {each["id"] for each in run["tool"]["driver"]["rules"]}
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert places == [{"artifactLocation": {"uri": "s3://web"}}] * 2


def test_it_is_narrowed_to_the_organization_that_is_named(shell: Shell) -> None:
    shell.policy(OPEN)
    told = shell.explain("s3://web", "--organization", "o-a1b2c3d4e5")
    assert '"aws:PrincipalOrgID": "o-a1b2c3d4e5"' in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["s3://no-such-bucket"], INCOMPLETE, "There is no bucket no-such-bucket."),
        (["s3://web/a/key"], BAD_INPUT, "'s3://web/a/key' names no bucket. Write s3://BUCKET"),
        (["s3://web", "--owner", "me"], BAD_INPUT, "--owner 'me' is not an account"),
    ],
)
def test_what_is_no_bucket_is_said(shell: Shell, words: list[str], code: int, said: str) -> None:
    assert said in shell.explain(*words, code=code)


def test_the_page_shows_what_it_prints(shell: Shell) -> None:
    page = (ROOT / "docs/scan.md").read_text(encoding="utf-8").partition("## Is a bucket public?")[2]
    asked, shown = (page.split(f"```{kind}\n")[1].partition("```")[0] for kind in ("bash", "text"))
    shell.policy({**OPEN, "Sid": "PublicRead"})
    shell.block("BlockPublicAcls", "IgnorePublicAcls")
    told = shell.explain(*asked.split()[2:])
    assert told.startswith(f"{shown}\n")
