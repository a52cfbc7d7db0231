"""The bench of the kit: an embedded AWS, a ledger in memory, and ports that note, hinder, shuffle and crash."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cloudmend.aws.gateway import Gateway
from cloudmend.core.contract import Control, Parts, State
from cloudmend.core.events import parse_event
from cloudmend.core.ledger_records import Ending, LedgerRecord
from cloudmend.core.model import ApiCall, Intent, Json, Record, Resource
from cloudmend.core.planning import calls
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.ports import NEVER, Call, Rows, Sent
from cloudmend.core.standing import StandingResource
from cloudmend.core.target import Target
from cloudmend.core.world import World, at_need
from cloudmend.engine.stations.walk import mend, parse
from cloudmend.engine.sweep import sweep
from cloudmend.testing.clients import ACCOUNT, SETTLE_S, client
from cloudmend.testing.memory_ledger import MemoryLedger, MemoryStore
from cloudmend.testing.specimen import Client, Specimen

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

REGION = "us-east-1"
_MOST_READS = 5  # until AWS shows what it accepted


class Crash(BaseException):
    """The end of a process, at any line."""


class Clock:
    """A clock that moves only when slept on, or pushed."""

    def __init__(self) -> None:
        self.time = datetime.fromisoformat("2026-11-24T07:00:00+00:00")

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Steps:
    """The names of all that has an effect, in order; before the one with the number `crash_at` the process ends."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.crash_at = -1

    def take(self, name: str) -> None:
        if len(self.names) == self.crash_at:
            raise Crash(name)
        self.names.append(name)


class Aws:
    """A Reader and Writer over a gateway that notes its calls, and may answer lists in another order."""

    def __init__(self, gateway: Gateway, steps: Steps) -> None:
        self._gateway = gateway
        self._steps = steps
        self.calls: list[Sent] = []
        self.shuffle: random.Random | None = None

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        self.calls.append(call)
        answer: Json | None = self._shuffled(self._gateway.get(call, absent))
        return answer

    def begin(self, read: Callable[[], Any]) -> Callable[[], Any]:
        return at_need(read)

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = lambda _: True) -> Rows:
        self.calls.append(request)
        return list(self._shuffled(list(self._gateway.rows(request, key, enough=enough))))

    def lasting_rows(self, request: Sent, key: str) -> Rows:
        return self.rows(request, key)

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        return iter(self.rows(request, key))

    def write(self, request: Sent) -> None:
        self._steps.take("write")
        self.calls.append(request)
        self._gateway.write(request)

    def _shuffled(self, value: Any) -> Any:
        if self.shuffle and isinstance(value, list):
            return self.shuffle.sample([self._shuffled(each) for each in value], len(value))
        return {key: self._shuffled(each) for key, each in value.items()} if isinstance(value, dict) else value


class Notes:
    """A Notifier that keeps the records."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.told: list[Record] = []

    def publish(self, record: Record) -> None:
        self._steps.take("publish")
        self.told.append(record)


class StepLedger(MemoryLedger):
    """A ledger in memory, whose intents and ends are steps. `meanwhile` happens once, before the next intent."""

    def __init__(self, clock: Clock, store: MemoryStore, steps: Steps) -> None:
        super().__init__(clock, store=store)
        self._steps = steps
        self.meanwhile: Callable[[], None] | None = None

    def intend(self, intent: Intent) -> LedgerRecord:
        self._steps.take("intend")
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return super().intend(intent)

    def finish(self, entry: LedgerRecord, state: Ending, record: Record) -> LedgerRecord:
        self._steps.take("finish")
        return super().finish(entry, state, record)


class Bench:
    """A specimen, put at fault on an embedded AWS of its own."""

    def __init__(self, aws: EmbeddedAws, specimen: Specimen) -> None:
        self.aws = aws
        self.control: Control[Any] = specimen.control
        self.specimen = specimen
        self.clock = Clock()
        self.store = MemoryStore()
        self.is_stack = False
        self.restart()
        self.id = specimen.open(self.client)

    @cached_property
    def client(self) -> Client:
        """The clients of its account, each made once."""
        return cache(lambda service: client(self.aws, service))

    @property
    def resource(self) -> Resource:
        return Resource(type=self.control.resource.type, id=self.id, account=ACCOUNT, region=REGION)

    @property
    def said(self) -> str:
        """The resource as sentences name it: by its noun, its id, and its name if AWS tells one."""
        state = self.control.read(self.resource, self.api, self.settings)
        name = state.labels.get("name", "") if state else ""
        return self.control.resource.named(replace(self.resource, name=name))

    @property
    def world(self) -> World:
        return World(
            region=REGION,
            account=lambda: ACCOUNT,
            reader=self.api,
            writer=self.api,
            ledger=self.ledger,
            notifier=self.notes,
            clock=self.clock,
            keeps_baseline=self.is_stack,
        )

    def disturb(self) -> None:
        """Somebody else changes what is not at fault."""
        assert self.specimen.disturb
        self.specimen.disturb(self.client, self.id)

    def restart(self) -> None:
        """A new process, a while later: what the old one knew is gone, and its lease has run out."""
        self.clock.sleep(120)
        self.steps = Steps()
        self.api = Aws(Gateway(REGION, self.client, self.clock), self.steps)
        self.notes = Notes(self.steps)
        self.ledger = StepLedger(self.clock, self.store, self.steps)

    def event(self) -> ApiCall:
        """Return CloudTrail's event of the call that put the resource at fault."""
        self.aws.settle(SETTLE_S)
        names = {trigger.name for trigger in self.control.triggers}
        told = [event for event in self.aws.events if event["detail"].get("eventName") in names]
        call = parse_event(told[-1])
        assert isinstance(call, ApiCall)
        return call

    def targets(self) -> list[Target]:
        return parse(self.event(), [self.control])

    def sweep(self) -> list[Record]:
        """Return the records of the one resource in a sweep."""
        swept = sweep(controls=[self.control], policy=self.policy(), world=self.world)
        return [record for record in swept.records if record.resource.id == self.id]

    def mend(self, targets: Sequence[Target] | None = None, **policy: str) -> Record:
        """The last record of the one target."""
        (record,) = mend(self.targets() if targets is None else targets, self.policy(**policy), self.world)
        return record

    def policy(self, mode: str = "fix", more: str = "") -> Policy:
        table = f'[control.{self.control.id}]\nmode = "{mode}"\n{self.specimen.policy}{more}'
        return parse_policy({}, table, catalog=Catalog(controls={self.control.id: self.control}))

    @property
    def settings(self) -> Any:
        """The settings of the control by the specimen's policy."""
        return self.policy().settings_of(self.control)

    def settle(self) -> State:
        """Return the state once two reads agree: AWS may apply late what it accepted."""
        seen = [self.state(), self.state()]
        while seen[-1] != seen[-2] and len(seen) < _MOST_READS:
            seen.append(self.state())
        return seen[-1]

    def state(self) -> State:
        """Return the state that AWS has now, read beside the code under test."""
        reader = Gateway(REGION, self.client, self.clock)
        state: State | None = self.control.read(self.resource, reader, self.settings)
        assert state is not None
        return state

    def baseline(self) -> set[str]:
        """The marks of what was there before."""
        found = [each for each in self.ledger.all_standing() if isinstance(each, StandingResource)]
        return {finding.mark for each in found for finding in each.baseline}

    def put(self, parts: Parts) -> None:
        """Brings the resource to these parts, beside what is under test."""
        state, writer = self.state(), Gateway(REGION, self.client, self.clock)
        for call in calls(self.control, self.resource, state, parts):
            writer.write(call)
        self.settle()
