"""A process that is killed in the middle of a mend, and another that completes it, on the embedded AWS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from cloudmend import engine
from cloudmend.aws.world import world
from cloudmend.controls import by_id, woken_by
from cloudmend.core.ledger import Terms
from cloudmend.core.model import Record
from cloudmend.disk.ledger import SqliteLedger
from cloudmend.engine.undo import undo
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, unheard
from support import event, ingress, ipv4, policy
from undoing import grounds

TESTS = Path(__file__).parents[1]
WHO = f"arn:aws:iam::{ACCOUNT}:user/mallory"

# Kills itself, as nothing can be caught, before or after one step of the mend.
PROCESS = """
import json, os, signal, sys
from pathlib import Path
import msgspec
from cloudmend import engine
from cloudmend.aws.world import world
from cloudmend.aws.gateway import SystemClock
from cloudmend.controls import by_id, woken_by
from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.core.ledger import Terms
from cloudmend.disk.ledger import SqliteLedger
from support import policy

folder, step, moment, event = Path(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])

class Log:
    def publish(self, record):
        with (folder / "told").open("a") as told:
            told.write(msgspec.json.encode(record).decode() + chr(10))

class Deadly:
    def __init__(self, port):
        self.port = port
    def __getattr__(self, name):
        real = getattr(self.port, name)
        if name != step:
            return real
        def last(*arguments):
            if moment == "after":
                real(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        return last

here = world(ledger=SqliteLedger(folder, SystemClock(), Terms()), notifier=Log())
ports = {name: Deadly(getattr(here, name)) for name in ("writer", "ledger", "notifier")}
engine.handle(event, woken_by=woken_by, policy=policy(), world=msgspec.structs.replace(here, **ports))
"""


class Later:
    """A clock that is ahead by as much as it takes for a lease to run out."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=61)

    def sleep(self, seconds: float) -> None:
        """Nothing is waited for."""


class Told:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def publish(self, record: Record) -> None:
        self.records.append(record)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["intend", "write", "publish", "finish"])
def test_what_a_killed_process_began_is_completed_and_told_and_can_be_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, moment: str
) -> None:
    with EmbeddedAws(log=unheard) as aws:
        ec2, environment = client(aws, "ec2"), aws.environment
        group_id = ec2.create_security_group(GroupName="bastion", Description="test")["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, "0.0.0.0/0")])
        opened = event(group_id, userIdentity={"type": "IAMUser", "arn": WHO, "userName": "mallory"})
        opened |= {"account": ACCOUNT, "region": "us-east-1"}
        arguments = [str(tmp_path), step, moment, msgspec.json.encode(opened).decode()]
        killed = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{PROCESS}", *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        ledger, told = SqliteLedger(tmp_path, Later(), Terms()), Told()
        here = msgspec.structs.replace(world(ledger=ledger, notifier=told), clock=Later())
        engine.handle(opened, woken_by=woken_by, policy=policy(), world=here)

        def sources() -> set[tuple[str, int, int, str]]:
            filters = [{"Name": "group-id", "Values": [group_id]}]
            return ingress(ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"])

        assert sources() == {("tcp", 22, 22, "10.0.0.0/8")}
        assert ledger.open_intents() == ()
        before = (tmp_path / "told").read_text().splitlines() if (tmp_path / "told").exists() else []
        notices = [*(msgspec.json.decode(line, type=Record) for line in before), *told.records]
        mended = [record for record in notices if record.status == "mended"]
        assert {(record.actor.arn, len(record.edits), len(record.undo)) for record in mended} == {(WHO, 1, 1)}
        caller = grounds(caller=f"arn:aws:iam::{ACCOUNT}:user/alice")
        undo(mended[-1].entry_id, caller, control_of=by_id, world=here, dry_run=False)
        assert sources() == {("tcp", 22, 22, "0.0.0.0/0")}
