"""A service of lamps, and a control of them, which meets what no control of AWS meets today, though any may.

A lamp has switches, each a part with a value: "on" is at fault, "hot" cannot be mended now, "bolted" never can. A write
names the lamp's revision, and a stale one is refused. `refuses` are the errors that await the next writes; `lags` is
how many reads go on answering what was there before the writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.contract import Control, Finding, Parts, ResourceType, State, Trigger, View, rights
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.model import ApiCall, Json, Record, Resource
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.ports import NEVER, Call, PutOff, Reader, Sent
from cloudmend.core.target import Target
from cloudmend.core.world import World, at_need
from cloudmend.engine.stations.walk import mend
from cloudmend.testing.memory_ledger import MemoryLedger, MemoryStore
from support import ACCOUNT, NOW, REGION, StandingClock

ID: Final = "lamp-1"
TYPE: Final = ResourceType(
    type="AWS::Home::Lamp",
    noun="lamp",
    id_pattern="lamp-[0-9]+",
    arn="arn:{partition}:home:{region}:{account}:lamp/{id}",
)


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """`unscrew`: a switch that is on is taken out in place of switched off."""

    unscrew: bool = False


def _read(lamp: Resource, reader: Reader, _: Settings) -> State | None:
    answer = reader.get(Call("home", "GetLamp", {"Id": lamp.id}), {"NoSuchLamp": None})
    if answer is None:
        return None
    return State(answer["Switches"], guard=answer["Revision"], labels={"name": "the hall"})


def _judge(view: View, settings: Settings) -> Iterator[Finding]:
    mended = None if settings.unscrew else "off"
    for part, value in view.counted.items():
        if value in ("on", "hot", "bolted"):
            wait = "it is hot" if value == "hot" else ""
            restraint = "somebody bolted it" if value == "bolted" else ""
            yield Finding(part=part, why=f"{part} is {value}", mended=mended, restraint=restraint, wait=wait)


def _put(lamp: Resource, now: State, then: Parts) -> Iterator[Call]:
    for part in {**now.parts, **then}:
        if now.parts.get(part) != then.get(part):
            params = {"Id": lamp.id, "Switch": part, "To": then.get(part), "Revision": now.guard}
            yield Call("home", "SetSwitch", params, parts=(part,))


CONTROL: Final = Control[Settings](
    id="lamp_on",
    title="A lamp is on",
    resource=TYPE,
    triggers=(
        Trigger("home.amazonaws.com", "SetSwitch", ("request.lampId", "response.lamps[].id"), ("request.switches[]",)),
    ),
    reads=rights("home:GetLamp"),
    writes=rights("home:SetSwitch"),
    undoes=rights("home:SetSwitch"),
    read=_read,
    judge=_judge,
    put=_put,
    settings=Settings,
    stricter=lambda _: Settings(unscrew=True),
    errors={"StaleRevision": "raced", "LampBusy": "deferred", "NotAllowed": "final", "NoSuchSwitch": "settled"},
)


def refusal(code: str) -> AwsError:
    """What AWS says when it did not do it; empty: no answer came."""
    return AwsError(f"The lamp said {code or 'nothing'}.", action="home:SetSwitch", code=code, refused=bool(code))


@dataclass
class Home:
    """A lamp, the ports to it, and all that was told."""

    switches: dict[str, str] = field(default_factory=lambda: {"hall": "on"})
    refuses: list[AwsError] = field(default_factory=list)
    lags: int = 0
    takes: bool | CloudmendError = True  # the queue: whether it takes what is put off, or why it fails
    before_write: Callable[[], None] = lambda: None
    revision: int = 1
    written: list[Json] = field(default_factory=list)
    told: list[Record] = field(default_factory=list)
    put_off_tasks: list[PutOff] = field(default_factory=list)
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: StandingClock = field(default_factory=StandingClock)

    def __post_init__(self) -> None:
        self._shown = dict(self.switches)
        self.ledger: Any = MemoryLedger(self.clock, store=self.store)

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        assert call.operation == "GetLamp"
        if not self.switches:
            return absent["NoSuchLamp"]
        if self.lags and self.written:
            self.lags -= 1
        else:
            self._shown = dict(self.switches)
        return {"Switches": dict(self._shown), "Revision": str(self.revision)}

    def begin(self, read: Callable[[], Any]) -> Callable[[], Any]:
        return at_need(read)

    def rows(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("No list is needed for one lamp.")

    lasting_rows = stream = rows

    def write(self, request: Sent) -> None:
        happens, self.before_write = self.before_write, lambda: None
        happens()
        params = request.params
        if self.refuses:
            raise self.refuses.pop(0)
        if params["Revision"] != str(self.revision):
            raise refusal("StaleRevision")
        self.written.append(params)
        self.change(params["Switch"], params["To"])

    def change(self, switch: str, to: str | None) -> None:
        """Somebody, or a write, changes a switch."""
        self.switches = {name: value for name, value in {**self.switches, switch: to}.items() if value is not None}

    def publish(self, record: Record) -> None:
        self.told.append(record)

    def put_off(self, task: PutOff) -> bool:
        if isinstance(self.takes, CloudmendError):
            raise self.takes
        self.put_off_tasks += [task] if self.takes else []
        return self.takes

    @property
    def world(self) -> World:
        return World(
            account=lambda: ACCOUNT,
            region=REGION,
            reader=self,
            writer=self,
            ledger=self.ledger,
            notifier=self,
            clock=self.clock,
            later=self,
        )

    def mend(self, control: Control[Any] = CONTROL, parts: Iterable[str] = (), **options: Any) -> Record:
        """What becomes of the lamp after a call that somebody made just now."""
        (record,) = mend([target(control, parts)], policy(control), self.world, **options)
        return record


def target(control: Control[Any] = CONTROL, parts: Iterable[str] = (), lamp: str = ID) -> Target:
    resource = Resource(type=TYPE.type, id=lamp, parts=tuple(parts), account=ACCOUNT, region=REGION)
    return Target(control=control, resource=resource, cause=call())


def call(request: Json | None = None, response: Json | None = None) -> ApiCall:
    return ApiCall(
        event_id="e-1",
        source="home.amazonaws.com",
        name="SetSwitch",
        time=NOW,
        account=ACCOUNT,
        region=REGION,
        request=request or {},
        response=response or {},
    )


def policy(control: Control[Any] = CONTROL, text: str = "") -> Policy:
    return parse_policy({}, text, catalog=Catalog(controls={control.id: control}))


SETTLING: Final = timedelta(seconds=60)
