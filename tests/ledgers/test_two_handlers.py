"""Two deployed handlers get the same events at once, on the embedded AWS: threads that share nothing, and processes."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest

from cli.test_main import CLOUDMEND
from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.world import world
from cloudmend.controls import by_id
from cloudmend.core.errors import StillOpen
from cloudmend.core.exempting import ExemptionRequest
from cloudmend.core.ledger import Terms
from cloudmend.core.ledger_records import LedgerRecords
from cloudmend.engine.undo import undo
from cloudmend.lambda_ import handlers
from cloudmend.lambda_.world import LEDGER_TABLE
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, SETTLE_S, client
from support import ingress, ipv4

WORLD = "0.0.0.0/0"
OPEN = {("tcp", 22, 22, WORLD), ("tcp", 3389, 3389, WORLD)}
MENDED = {("tcp", 22, 22, "10.0.0.0/8"), ("tcp", 3389, 3389, "10.0.0.0/8")}
GROUPS = 5
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


class Account:
    """The embedded AWS, a table, and what two engines do there."""

    def __init__(self, aws: EmbeddedAws, table: str) -> None:
        self.aws, self.table = aws, table
        self.ec2 = client(aws, "ec2")
        dynamodb = client(aws, "dynamodb")
        self.ledger = DynamoDbLedger(lambda _: dynamodb, table, SystemClock(), Terms())

    def open(self, name: str, calls: Sequence[Sequence[int]] = ((22,), (3389,))) -> str:
        """Open these ports of a new group, with a call each; its id."""
        group: str = self.ec2.create_security_group(GroupName=name, Description="test")["GroupId"]
        for ports in calls:
            opened = [ipv4(port, WORLD) for port in ports]
            self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=opened)
        return group

    def events(self, groups: Sequence[str]) -> list[Mapping[str, Any]]:
        """The events of the calls that opened these groups."""
        self.aws.settle(SETTLE_S)
        named = ((each, str(each["detail"].get("requestParameters"))) for each in self.aws.events)
        return [
            each
            for each, text in named
            if each["detail"].get("eventName") == "AuthorizeSecurityGroupIngress" and any(one in text for one in groups)
        ]

    def rules(self, group: str) -> list[dict[str, Any]]:
        filters = [{"Name": "group-id", "Values": [group]}]
        found: list[dict[str, Any]] = self.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        return found

    def told(self, groups: Sequence[str]) -> dict[str, dict[str, set[str]]]:
        """The ids of the records that people were told of mended rules, by group and rule."""
        self.aws.settle(SETTLE_S)
        found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for each in self.aws.events:
            detail = each["detail"]
            if each["source"] == "cloudmend" and detail.get("resource", {}).get("id") in groups:
                for edit in detail.get("edits", ()):
                    found[detail["resource"]["id"]][edit["part"]].add(detail["entry_id"])
        return {group: dict(parts) for group, parts in found.items()}

    def check(self, groups: Sequence[str]) -> None:
        """Nothing is open, each rule was mended and told under one record, and undo takes all of it back, once."""
        assert [ingress(self.rules(group)) for group in groups] == [MENDED] * len(groups)
        assert self.ledger.open_intents() == ()
        told = self.told(groups)
        for group in groups:
            rules = {row["SecurityGroupRuleId"] for row in self.rules(group) if not row["IsEgress"]}
            assert told[group].keys() == rules, "a mend that nobody was told of"
            assert all(len(ids) == 1 for ids in told[group].values()), "told under two records"
        ended = [(each.id, each.ended) for each in LedgerRecords(self.ledger.entries())]
        kept = {entry_id: end.record.edits for entry_id, end in ended if end and end.record.edits}
        edited = [edit.part for edits in kept.values() for edit in edits]
        assert len(edited) == len({*edited}), "one rule in two records"
        for each in kept:
            for _ in range(2):
                self.undo(each)
        assert [ingress(self.rules(group)) for group in groups] == [OPEN] * len(groups)

    def undo(self, entry_id: str) -> None:
        grounds = ExemptionRequest(owner="net", reason="a test", duration=timedelta(hours=1), caller=ALICE)
        place = next(each.place for each in self.ledger.entries() if each.id == entry_id)
        here = world(ledger=self.ledger, notifier=_Nobody())
        undo(entry_id, grounds, place=place, control_of=by_id, world=here, dry_run=False)


class _Nobody:
    """A notifier of nobody."""

    def publish(self, _: object) -> None:
        return


@pytest.fixture
def account(aws: EmbeddedAws, table: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in {**aws.environment, LEDGER_TABLE: table}.items():
        monkeypatch.setenv(name, value)
    return Account(aws, table)


def deployed(name: str) -> ModuleType:
    """A handler of its own: another instance of the module, as another process has it."""
    spec = spec_from_file_location(name, handlers.__file__)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("is_swept", [False, True], ids=["events", "events and sweeps"])
def test_two_handlers_in_threads_mend_each_rule_once(account: Account, table: str, *, is_swept: bool) -> None:
    groups = [account.open(f"threads-{table}-{number}") for number in range(GROUPS)]
    events, order = account.events(groups), random.Random(table)  # noqa: S311 - no secret
    modules = [deployed("one"), deployed("two")]
    workers, sweepers = modules * 2, modules if is_swept else []
    start = Barrier(len(workers) + len(sweepers))

    def handle(module: ModuleType, mine: Sequence[Mapping[str, Any]]) -> None:
        start.wait()
        for event in mine:
            for _ in range(3):  # as Lambda does
                try:
                    module.respond(event, None)
                    break
                except StillOpen:
                    continue

    def sweep(module: ModuleType) -> None:
        start.wait()
        module.sweep({}, None)

    shuffled = [order.sample(events, len(events)) for _ in workers]
    with ThreadPoolExecutor(start.parties) as pool:
        acts = [pool.submit(handle, *each) for each in zip(workers, shuffled, strict=True)]
        acts += [pool.submit(sweep, each) for each in sweepers]
    assert [act.exception() for act in acts] == [None] * start.parties
    account.check(groups)


def test_two_processes_that_handle_one_event_mend_each_rule_once(account: Account, table: str, tmp_path: Path) -> None:
    group = account.open(f"processes-{table}", [(22, 3389)])
    (tmp_path / "event.json").write_text(json.dumps(account.events([group])[-1]))
    words = [CLOUDMEND, "invoke", "-e", str(tmp_path / "event.json"), "--ledger", table, "--json"]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ}) for _ in range(2)]
    printed = [process.communicate(timeout=300)[0] for process in running]
    records = [json.loads(line) for text in printed for line in text.splitlines()]
    edited = [edit["part"] for each in records for edit in each["edits"]]
    assert ingress(account.rules(group)) == MENDED
    assert len(edited) == len({*edited}) == 2
    assert account.ledger.open_intents() == ()
    for each in [each for each in records if each["edits"]]:
        account.undo(each["entry_id"])
    assert ingress(account.rules(group)) == OPEN
