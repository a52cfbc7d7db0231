"""A network ACL whose inbound entries open a guarded port to the world.

The list is ordered: an entry is judged by what the entries before it leave to it. No packet is admitted after a mend
that was not before, and only packets to guarded ports are denied. Egress entries are not looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.controls.families.ranges.exposure import all_clear, few, reason
from cloudmend.controls.network_acl_open.entries import LAST, Entry, form
from cloudmend.controls.network_acl_open.mend import Fault, Mended, is_narrower, mended
from cloudmend.controls.network_acl_open.settings import KEYS, Settings
from cloudmend.controls.resource_types import NETWORK_ACL
from cloudmend.core.contract import Control, Finding, Parts, Patch, State, Trigger, View, changed, is_suspect, rights
from cloudmend.core.events import text
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Step, Words
from cloudmend.core.network import Network, Traffic
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import resources

_NAME: Final = "network_acl_open"
_ID: Final = ("request.networkAclId",)
_PREFIX: Final = "entry "  # of a part's id: its number follows
_OPENING: Final = (
    "CreateNetworkAclEntry",
    "DeleteNetworkAclEntry",
    "ReplaceNetworkAclAssociation",
    "ReplaceNetworkAclEntry",
)
_PUTTING: Final = ("CreateNetworkAclEntry", "ReplaceNetworkAclEntry")
_WRITES: Final = tuple(f"ec2:{verb}NetworkAclEntry" for verb in ("Create", "Delete", "Replace"))
# What a write says of an entry besides its number and direction; the name in an answer is that in a call.
_SAID: Final = ("CidrBlock", "IcmpTypeCode", "Ipv6CidrBlock", "PortRange", "Protocol", "RuleAction")
_UNUSED: Final = "no subnet uses it, so no packet passes it"
# The entries that AWS gives to a new VPC's default ACL: the second if the VPC has an IPv6 block.
_UNTOUCHED: Final = ("ALLOW all traffic from 0.0.0.0/0", "ALLOW all traffic from ::/0")


class Facts(Struct, frozen=True):
    """The facts about an ACL, besides its entries, that a judgement needs."""

    is_default: bool
    is_used: bool  # by a subnet


def _locate(call: ApiCall) -> Iterator[Resource]:
    """Yield the ACL that a call names, with the inbound entry that the call puts: a read without it is too early."""
    puts = call.name in _PUTTING and not call.request.get("egress")
    number = text(call.request.get("ruleNumber")) if puts else ""
    for acl in resources(msgspec.structs.replace(CONTROL, locate=None), call):
        yield msgspec.structs.replace(acl, parts=(f"{_PREFIX}{number}",) if number else ())


def _read(acl: Resource, reader: Reader, _: Settings) -> State | None:
    return _states([acl], reader).get(acl.id)


def _read_many(acls: Sequence[Resource], reader: Reader, settings: Settings) -> Mapping[str, State]:  # noqa: ARG001
    return _states(acls, reader)


def _states(acls: Sequence[Resource], reader: Reader) -> Mapping[str, State]:
    """Return those that exist. In a request by ids, one that is missing would hide the others."""
    filters = [{"Name": "network-acl-id", "Values": sorted(acl.id for acl in acls)}]
    rows = reader.rows(Call("ec2", "DescribeNetworkAcls", {"Filters": filters}), "NetworkAcls")
    return {row["NetworkAclId"]: _state(row) for row in rows}


def _state(row: Json) -> State:
    own = [each for each in row["Entries"] if not each["Egress"] and each["RuleNumber"] <= LAST]
    own.sort(key=lambda each: int(each["RuleNumber"]))
    names = [tag["Value"] for tag in row.get("Tags", ()) if tag["Key"] == "Name"]
    return State(
        _parts(map(Entry, own)),
        context=Facts(is_default=bool(row["IsDefault"]), is_used=bool(row["Associations"])),
        owner=row.get("OwnerId", ""),
        labels={"name": names[0] if names else "", "vpc": row["VpcId"]},
    )


def _every(_: Resource, reader: Reader, settings: Settings) -> Iterator[str]:
    """Yield the ACLs at fault: the list says all that there is to judge. Its filters match any mix of entries."""
    for row in reader.rows(Call("ec2", "DescribeNetworkAcls"), "NetworkAcls"):
        if is_suspect(partial(_is_at_fault, row, settings)):
            yield row["NetworkAclId"]


def _is_at_fault(row: Json, settings: Settings) -> bool:
    state = _state(row)
    return not _is_accepted(state, settings) and bool(_mended(state.parts, settings).faults)


def _part(entry: Entry) -> str:
    return f"{_PREFIX}{entry.number}"


def _parts(entries: Iterable[Entry]) -> Parts:
    return {_part(each): each.row for each in entries}


def _entries(parts: Parts) -> list[Entry]:
    return [Entry(row) for row in parts.values()]


def _mended(parts: Parts, settings: Settings, left: Collection[str] = ()) -> Mended:
    def narrow(network: Network) -> Network | None:
        return settings.narrowed(network)[0]

    return mended(_entries(parts), settings, narrow, set(map(_number, left)))


def _is_accepted(state: State, settings: Settings) -> bool:
    """Return whether the policy accepts the ACL: it is a VPC's default, with the entries that AWS gave it."""
    return settings.untouched_defaults == "accepted" and _is_untouched(state)


def _is_untouched(state: State) -> bool:
    said = tuple(map(str, _entries(state.parts)))
    return bool(state.context.is_default and said and said == _UNTOUCHED[: len(said)])


def _judge(view: View, settings: Settings) -> Iterator[Finding]:
    if _is_accepted(view.state, settings):
        return
    unused = "" if view.state.context.is_used else _UNUSED
    done = _mended(view.parts, settings, view.exempt)
    then = _parts(done.entries)
    for fault in done.faults:
        part = _part(fault.entry)
        if fault.closed:
            yield Finding(
                part=part,
                why=_why(fault, fault.closed, settings),
                mended=then.get(part),
                beside=tuple(map(_part, fault.inserted)),
                restraint=unused,
            )
        if fault.unplaced:
            no_room = f"there are too few free numbers directly before {part}, and cloudmend renumbers no entry"
            yield Finding(
                part=part,
                why=_why(fault, fault.unplaced, settings),
                mark=f"{part}, no room: {fault.entry}",
                restraint=unused or no_room,
            )


def _why(fault: Fault, ports: Sequence[Traffic], settings: Settings) -> str:
    limit = settings.limits[fault.entry.family]
    told = reason(few(ports), fault.exposure, fault.together, limit, "the ACL's other entries")
    return f"entry {fault.entry.number} ({fault.entry}) {told}"


def _mend(view: View, findings: Sequence[Finding], settings: Settings) -> Patch:
    """Return the entries that change, come, and go. What these findings are not about stays as it is."""
    named = {finding.part for finding in findings}
    left = view.exempt | {each.part for each in _judge(view, settings) if each.is_due and each.part not in named}
    then = _parts(_mended(view.parts, settings, left).entries)
    return {part: then.get(part) for part in changed(view.parts, then)}


def _put(acl: Resource, now: State, then: Parts) -> Iterator[Call]:
    """Yield the entries that change or go, then those that come, in the order of their numbers.

    An ALLOW comes before the DENY behind it. In an undo the DENY goes first, so that nobody is cut off in between.
    """
    for part in sorted(changed(now.parts, then), key=lambda part: not _goes_and_denies(part, now.parts, then)):
        row = then.get(part)
        verb = "Delete" if row is None else "Replace" if part in now.parts else "Create"
        said = {name: row[name] for name in _SAID if name in row} if row else {}
        params = {"NetworkAclId": acl.id, "RuleNumber": _number(part), "Egress": False, **said}
        yield Call("ec2", f"{verb}NetworkAclEntry", params, parts=(part,))


def _goes_and_denies(part: str, now: Parts, then: Parts) -> bool:
    return then.get(part) is None and not Entry(now[part]).is_allow


def _number(part: str) -> int:
    return int(part.removeprefix(_PREFIX))


def _narrows(view: View, then: Parts) -> bool:
    return is_narrower(_entries(then), _entries(view.parts))


def _did(step: Step) -> str:
    if step.before is None:
        return f"added {step.part}, {Entry(step.after)}"
    if step.after is None:
        return f"removed {step.part}, {Entry(step.before)}"
    before, after = Entry(step.before), Entry(step.after)
    if form(before.narrowed_to(after.network).row) != form(after.row):  # another needed the number
        return f"replaced {step.part}, {before}, by {after}"
    return f"narrowed {step.part} from {before} to {after.network}"


def _clear(_: Resource, state: State | None, settings: Settings) -> str:
    if state is None:
        accepting = ", which accepts default network ACLs with the entries that AWS gives them"
        return f"no finding of {_NAME}{accepting if settings.untouched_defaults == 'accepted' else ''}"
    if _is_accepted(state, settings):
        return "it is the VPC's default network ACL with the entries that AWS gives it, which admit everything"
    return all_clear(settings)


CONTROL: Final = Control[Settings](
    id=_NAME,
    title="A network ACL opens a guarded port to the world",
    severity="medium",
    references=("Security Hub EC2.21",),
    advice="In Terraform, narrow cidr_block of the aws_network_acl_rule, or add a DENY with a lower rule_number.",
    words=Words(
        fault="open to the world on guarded ports",
        close="close these ports. Replies to connections from the same ports are dropped too",
        prevent="Admit the networks that need these ports, by entries of their own.",
    ),
    hints=Hints(again="open them again", change="narrow the entry"),
    mode="observe",
    resource=NETWORK_ACL,
    triggers=tuple(Trigger("ec2.amazonaws.com", name, _ID) for name in _OPENING),
    reads=rights("ec2:DescribeNetworkAcls", of="*"),
    writes=rights(*_WRITES),
    undoes=rights(*_WRITES),
    read=_read,
    judge=_judge,
    put=_put,
    every=_every,
    settings=Settings,
    keys=KEYS,
    say=lambda row: str(Entry(row)),
    did=_did,
    clear=_clear,
    errors={
        "InvalidNetworkAclEntry.NotFound": "settled",
        "NetworkAclEntryAlreadyExists": "raced",
        # A DENY without the ALLOW before it would cut off the replacement, so the first refusal ends the writes.
        "NetworkAclEntryLimitExceeded": "final",
        "UnauthorizedOperation": "final",
    },
    mend=_mend,
    narrows=_narrows,
    locate=_locate,
    form=form,
    read_many=_read_many,
    whole=True,
)
