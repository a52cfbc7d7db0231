"""Whose records a command shows: a file is of one account of one AWS, and of one start of the embedded one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.test_main import NOWHERE, cloudmend
from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.world import Identity, other_endpoint
from cloudmend.cli import ledgers
from cloudmend.cli.ledgers import find_ledger, known_ledger, open_ledger
from cloudmend.core.errors import LedgerError
from cloudmend.core.exempting import ExemptionRequest, Where
from cloudmend.core.ledger import Terms
from cloudmend.disk.ledger import SqliteLedger
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, member, unheard

OTHER = "111122223333"
GROUNDS = ExemptionRequest(owner="net", reason="No VPN yet", duration=timedelta(hours=2), caller="arn")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the user's ledgers are."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "cloudmend"


@contextmanager
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        yield aws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    with embedded(monkeypatch) as started:
        yield started


def exempt(name: str) -> None:
    open_ledger("", None).exempt(GROUNDS.exemption(name, Where(group="sg-05fe30eb67c909f27"), datetime.now(UTC)))


def held() -> list[str]:
    found = find_ledger("", None).ledger
    return [each.id for each in found.exemptions(datetime.now(UTC)).held] if found else []


def ledger_of(folder: Path, *place: str) -> Path:
    """Makes one, and says where."""
    made = folder.joinpath(*place)
    SqliteLedger(made, SystemClock(), Terms())
    return made / "ledger.sqlite3"


def test_what_is_recorded_of_the_embedded_aws_is_found_there(aws: EmbeddedAws, folder: Path) -> None:
    exempt("exempt-1")
    assert held() == ["exempt-1"]
    assert [path.relative_to(folder) for path in folder.rglob("*.sqlite3")] == [
        Path("embedded", aws.start, ACCOUNT, "ledger.sqlite3")
    ]


def test_the_next_start_of_the_embedded_aws_has_a_ledger_of_its_own(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with embedded(monkeypatch):
        exempt("exempt-1")
    with embedded(monkeypatch):
        assert held() == []
        exempt("exempt-2")
        assert held() == ["exempt-2"]


def test_another_account_of_the_same_aws_has_a_ledger_of_its_own(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    exempt("exempt-1")
    for name, value in keys_of_another_account(aws).items():
        monkeypatch.setenv(name, value)
    assert held() == []
    exempt("exempt-2")
    assert held() == ["exempt-2"]


def keys_of_another_account(aws: EmbeddedAws) -> dict[str, str]:
    """Credentials of a role in it."""
    _, keys = member(aws)
    return {name.upper(): value for name, value in keys.items()}


def test_the_toy_s_records_are_not_shown_without_its_endpoint(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    exempt("exempt-1")
    for words in (["records"], ["exempt", "list"]):
        done = cloudmend(*words, XDG_STATE_HOME=str(folder.parent))
        assert (done.returncode, done.stdout) == (1, "")
        assert "There are no AWS credentials" in done.stderr
        assert f"nobody knows whose ledger to search, and {folder} holds none." in done.stderr


@pytest.mark.parametrize("words", [["records"], ["exempt", "list"]])
def test_without_credentials_the_only_ledger_is_shown_and_named(words: list[str], tmp_path: Path) -> None:
    file = ledger_of(tmp_path / "cloudmend", OTHER)
    done = cloudmend(*words, XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    first, second = done.stderr.splitlines()
    assert first.startswith("cloudmend: sts:GetCallerIdentity in us-east-1: There are no AWS credentials. ")
    assert first.endswith(f"The only ledger that there is was searched: the file {file}.")
    assert f" in the file {file}. A stack has a table of its own: pass its name as --ledger" in second


def test_without_credentials_several_ledgers_are_named_and_none_is_chosen(tmp_path: Path) -> None:
    one, two = ledger_of(tmp_path / "cloudmend", OTHER), ledger_of(tmp_path / "cloudmend", ACCOUNT)
    done = cloudmend("records", XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"nobody knows whose ledger to search, and there are several: {one}, {two}." in done.stderr


def test_an_endpoint_that_cannot_be_reached_is_not_aws_itself(tmp_path: Path) -> None:
    ledger_of(tmp_path / "cloudmend", OTHER)
    file = ledger_of(tmp_path / "cloudmend", "localhost-9", ACCOUNT)
    done = cloudmend("records", XDG_STATE_HOME=str(tmp_path), **NOWHERE)
    assert f"The only ledger that there is was searched: the file {file}." in done.stderr


def test_a_look_makes_no_ledger_and_a_ledger_that_nobody_uses_is_none(aws: EmbeddedAws, folder: Path) -> None:
    open_ledger("", None)
    assert not folder.exists()
    found = find_ledger("", None)
    assert (found.ledger, found.name) == (None, f"{folder}, which holds no ledger yet")
    ledger_of(folder, OTHER)
    found = find_ledger("", None)
    own = folder / "embedded" / aws.start / ACCOUNT / "ledger.sqlite3"
    assert (found.ledger, found.name) == (None, f"the file {own}, which is not there yet")


def test_a_judgement_can_do_without_a_ledger_that_nobody_can_choose(folder: Path) -> None:
    ledger_of(folder, OTHER)
    ledger_of(folder, ACCOUNT)
    assert known_ledger("", "us-east-1") is None
    with pytest.raises(LedgerError, match="there are several"):
        find_ledger("", "us-east-1")


def test_threads_that_use_it_first_open_one_file(aws: EmbeddedAws, folder: Path) -> None:
    """As a mend does, which asks for several things of the ledger at once."""
    before, ledger = len(aws.calls), open_ledger("", None)
    with ThreadPoolExecutor(4) as pool:
        names: list[Any] = list(pool.map(lambda _: ledger.name, range(8)))
    assert len(set(names)) == 1
    assert [call.operation for call in aws.calls[before:]] == ["GetCallerIdentity"]


def test_what_a_server_says_of_itself_leads_nowhere_else(folder: Path) -> None:
    lying = Identity("arn", "../../etc", "../x:1", "../../y")
    place = ledgers._place(lying)
    assert (folder / place).resolve().is_relative_to(folder)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://sts.us-east-1.amazonaws.com", ""),
        ("https://sts.cn-north-1.amazonaws.com.cn", ""),
        ("https://sts-fips.us-gov-west-1.amazonaws.com", ""),
        ("https://sts.eu-west-1.api.aws", ""),
        ("https://vpce-0a1b2c3d4e5f67890-abcdefgh.sts.eu-west-1.vpce.amazonaws.com", ""),
        ("http://localhost:4566", "localhost:4566"),
        ("http://127.0.0.1:4566", "localhost:4566"),
        ("http://[::1]:4566", "localhost:4566"),
        ("https://aws.example.com", "aws.example.com"),
        ("https://amazonaws.com.evil.example", "amazonaws.com.evil.example"),
    ],
)
def test_an_endpoint_is_aws_s_own_by_its_name(url: str, endpoint: str) -> None:
    assert other_endpoint(url) == endpoint
