"""An EKS cluster whose public API endpoint is open to the world.

It only observes unless the policy says otherwise. Each source at fault gives its place to the approved ranges of its
family that lie inside it. EKS takes no private ranges there, so these are public ranges that the policy names
(`approved`). Without them the cluster is only reported, because an empty list means the world to EKS.

A cluster whose private endpoint is off is only reported too: its nodes and Fargate pods come through the public one,
and a narrower list can cut them off. If the approved ranges hold their addresses, say `nodes_are_approved = true`.

A cluster whose public endpoint is off is not at fault, whatever its list says. cloudmend changes nothing but the list.
EKS applies it within minutes. Until then the mend is pending, and the queue follows it. While EKS applies another
update, the mend is deferred. If that update may open the endpoint, the cluster is looked at again until it is active,
because EKS shows the old list meanwhile.

Approved ranges are trusted: they do not count as exposure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec import Struct, field

from cloudmend.controls.families.ranges import keys
from cloudmend.controls.families.ranges.exposure import all_clear
from cloudmend.controls.families.ranges.keys import Limits, Trusted
from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.controls.families.ranges.sources import Source, narrowed, narrowing, only_narrows, too_wide
from cloudmend.controls.resource_types import CLUSTER
from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    Parts,
    Patch,
    State,
    Trigger,
    View,
    lists,
    rights,
)
from cloudmend.core.events import items, mapping
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Words
from cloudmend.core.network import FAMILIES, AddressSet, Family, Network, Traffic, lies_inside
from cloudmend.core.policy.catalog import Keys
from cloudmend.core.policy.location import Key, Review
from cloudmend.core.ports import Call, Reader

_ENDPOINT: Final = "public endpoint"  # the one part: its list of sources
_LIST: Final = "publicAccessCidrs"
_API: Final = Traffic("tcp", 443, 443)
_WORLD: Final = "0.0.0.0/0"
_SOURCE: Final = "eks.amazonaws.com"
_NAMED: Final = ("request.name", "request.clusterName")
# What else of a cluster a call could change. IAM knows these keys of a call that names them.
_NOTHING_ELSE: Final = (
    "eks:authenticationMode",
    "eks:blockStorageEnabled",
    "eks:computeConfigEnabled",
    "eks:elasticLoadBalancingEnabled",
    "eks:supportType",
)
_CHANGING: Final = ("CREATING", "PENDING", "UPDATING")
_LATER: Final = "EKS applies a change to it, and may show its old list until then"
_AGAIN: Final = "it is looked at again until the cluster is active"
_NODES: Final = (
    "its private endpoint is off, so its nodes come through the public one, and a narrower list may cut them off: set "
    "nodes_are_approved in control.eks_endpoint_cidrs if the approved ranges hold their addresses"
)


def _none() -> Mapping[Family, tuple[Network, ...]]:
    return dict.fromkeys(FAMILIES, ())


class Settings(RangeSettings, frozen=True, kw_only=True):
    """The limits, and the ranges that may take the place of a source. The endpoint has one port."""

    guarded: tuple[Traffic, ...] = (_API,)
    approved: Mapping[Family, tuple[Network, ...]] = field(default_factory=_none)
    nodes_are_approved: bool = False  # whether the approved ranges hold the addresses of the nodes

    @property
    def counting(self) -> RangeSettings:
        """The settings for counting exposure: what is approved is trusted."""
        both = {
            family: AddressSet.union([self.trusted[family], AddressSet.of(self.approved[family])])
            for family in FAMILIES
        }
        return RangeSettings(guarded=self.guarded, limits=self.limits, trusted=both)

    def inside(self, source: Network) -> tuple[Network, ...]:
        """Return the approved ranges that a source contains."""
        return tuple(each for each in self.approved[source.version] if lies_inside(each, source))


class Table(Struct, frozen=True):
    """The keys as a file writes them. An item of a list that was refused is None, and keeps its place."""

    limits: Limits = Limits()
    trusted: Trusted = Trusted()
    approved: Trusted = Trusted()
    nodes_are_approved: bool = False


def _settings(table: Table, key: Key, review: Review) -> Settings:
    settings = Settings(
        limits=keys.read_limits(table.limits, key, review),
        trusted=keys.read_all_trusted(table.trusted, key.at("trusted"), review),
        approved=keys.read_networks(table.approved, key.at("approved"), review),
        nodes_are_approved=table.nodes_are_approved,
    )
    keys.check_limits(settings.counting, key, review)
    return settings


def _written(settings: Settings) -> Mapping[str, Any]:
    ranges = keys.write_ranges(settings)
    approved = {f"ipv{family}": tuple(map(str, settings.approved[family])) for family in FAMILIES}
    more = {"approved": approved, "nodes_are_approved": settings.nodes_are_approved}
    return {"limits": ranges["limits"], "trusted": ranges["trusted"], **more}


def _said(settings: Settings) -> Iterator[str]:
    yield from keys.say_limits(settings, "sources of an endpoint")
    approved = ", ".join(str(each) for family in FAMILIES for each in settings.approved[family])
    if not approved:
        yield "No range is approved, so an endpoint at fault is only reported."
        return
    yield f"A source at fault is narrowed to those of {approved} that lie inside it."
    held = "narrowed too" if settings.nodes_are_approved else "only reported"
    yield f"An endpoint that nodes depend on, because the private one is off, is {held}."


_EXAMPLES: Final = {
    **{name: line for name, line in keys.EXAMPLES.items() if name.partition(".")[0] in ("limits", "trusted")},
    "approved": 'approved = { ipv4 = ["198.51.100.0/24"] }',
    "approved.ipv4": 'approved.ipv4 = ["198.51.100.0/24"]',
    "approved.ipv6": 'approved.ipv6 = ["2001:db8:1::/48"]',
    "nodes_are_approved": "nodes_are_approved = true",
}
KEYS: Final = Keys[Settings](table=Table, examples=_EXAMPLES, read=_settings, write=_written, say=_said)


def _read(cluster: Resource, reader: Reader, _: Settings) -> State | None:
    asked = Call("eks", "DescribeCluster", {"name": cluster.id})
    answer = reader.get(asked, {"ResourceNotFoundException": None})
    return None if answer is None else _state(answer["cluster"]["resourcesVpcConfig"], answer["cluster"]["status"])


class _Cluster(NamedTuple):
    """The facts of a cluster that a judgement needs besides the list."""

    has_private: bool = False  # endpoint
    status: str = "ACTIVE"


def _state(config: Json, status: str = "ACTIVE") -> State:
    """Return the list of a public endpoint; an empty one means the world. A private endpoint has no part."""
    is_public = config.get("endpointPublicAccess", True)
    return State(
        {_ENDPOINT: list(items(config.get(_LIST))) or [_WORLD]} if is_public else {},
        context=_Cluster(bool(config.get("endpointPrivateAccess")), status),
    )


def _judge(view: View, settings: Settings) -> Iterator[Finding]:
    cluster: _Cluster = view.state.context or _Cluster()
    found = list(_at_fault(view.counted, settings))
    for source, why in found:
        held = _restraint(source, settings, has_private=cluster.has_private)
        yield Finding(part=_ENDPOINT, why=why, mark=source.mark, restraint=held)
    if not found and cluster.status in _CHANGING and _may_open(view, settings):
        yield Finding(part=_ENDPOINT, why=f"{_LATER} ({cluster.status})", mark=_LATER, wait=_AGAIN)


def _at_fault(parts: Parts, settings: Settings) -> Iterator[tuple[Source, str]]:
    return too_wide(_sources(parts.get(_ENDPOINT, ())), settings.counting, "its other sources")


def _sources(listed: Iterable[str]) -> list[Source]:
    return [Source(_ENDPOINT, _API, text) for text in listed]


def _may_open(view: View, settings: Settings) -> bool:
    """Return whether the update under way may open the endpoint. A later look no longer knows what the call said."""
    if not view.cause.request:
        return True
    left = _left(view.state, view.cause)
    return left is not None and any(_at_fault(left.parts, settings))


def _restraint(source: Source, settings: Settings, *, has_private: bool) -> str:
    """Return why a source at fault is only reported; empty if it can be narrowed."""
    if not settings.inside(source.network):
        family = source.network.version
        return f"no approved range lies inside {source.text}: set control.eks_endpoint_cidrs.approved.ipv{family}"
    return "" if has_private or settings.nodes_are_approved else _NODES


def _mend(view: View, findings: Sequence[Finding], settings: Settings) -> Patch:
    """Return the list with approved ranges in place of the sources at fault."""
    marks, listed = {finding.mark for finding in findings}, view.parts[_ENDPOINT]
    faults = [each for each in _sources(listed) if each.mark in marks]
    approved = [network for each in faults for network in settings.inside(each.network)]
    return {_ENDPOINT: narrowed(listed, [each.text for each in faults], approved)}


def _put(cluster: Resource, _: State, then: Mapping[str, Any]) -> Iterator[Call]:
    """Yield the call that sets the list and nothing else; none for an empty list, which would mean the world."""
    if listed := then.get(_ENDPOINT):
        yield Call("eks", "UpdateClusterConfig", {"name": cluster.id, "resourcesVpcConfig": {_LIST: listed}})


def _narrows(view: View, then: Mapping[str, Any]) -> bool:
    return only_narrows(view.parts.get(_ENDPOINT, ()), then.get(_ENDPOINT, ()))


def _every(_: Resource, reader: Reader, __: Settings) -> Iterator[str]:
    return (str(name) for name in reader.rows(Call("eks", "ListClusters"), "clusters"))


def _step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
    return Followed(_left(before, call))


def _left(before: State | None, call: ApiCall) -> State | None:
    """Return what a call leaves of it; what a call does not name stays. Of a deleted cluster nothing is known."""
    told = mapping(call.request.get("resourcesVpcConfig"))
    if call.name == "DeleteCluster":
        return None
    if call.name == "CreateCluster":
        return _state(told)
    if before is None and _LIST not in told:
        return None
    known = {_LIST: before.parts.get(_ENDPOINT), "endpointPrivateAccess": before.context[0]} if before else {}
    is_public = {"endpointPublicAccess": bool(before.parts)} if before else {}
    return _state({**known, **is_public, **told})


CONTROL: Final = Control[Settings](
    id="eks_endpoint_cidrs",
    title="The public endpoint of an EKS cluster is open to the world",
    mode="observe",
    references=("Security Hub EKS.1",),
    advice="In Terraform, narrow public_access_cidrs in vpc_config of aws_eks_cluster.",
    words=Words(
        fault="open to the world",
        close="narrow its public endpoint. This cuts off anyone who uses it from elsewhere, nodes included",
        prevent="Name the ranges that need the public endpoint, and switch the private one on for the nodes.",
    ),
    hints=Hints(again="open it again", change="narrow publicAccessCidrs"),
    resource=CLUSTER,
    triggers=(Trigger(_SOURCE, "CreateCluster", _NAMED), Trigger(_SOURCE, "UpdateClusterConfig", _NAMED)),
    reads=(*rights("eks:DescribeCluster"), *lists("eks:ListClusters")),
    writes=rights("eks:UpdateClusterConfig", Null=dict.fromkeys(_NOTHING_ELSE, "true")),
    undoes=rights("eks:UpdateClusterConfig", Null=dict.fromkeys(_NOTHING_ELSE, "true")),
    read=_read,
    judge=_judge,
    put=_put,
    mend=_mend,
    every=_every,
    settings=Settings,
    keys=KEYS,
    say=lambda listed: f"open to {', '.join(listed)}",
    did=lambda step: narrowing("its public endpoint", step.before, step.after),
    clear=lambda _, __, settings: all_clear(settings.counting, of=" of an EKS endpoint"),
    narrows=_narrows,
    form=sorted,
    follow=Following(
        calls=tuple(
            Trigger(_SOURCE, name, _NAMED) for name in ("CreateCluster", "DeleteCluster", "UpdateClusterConfig")
        ),
        step=_step,
    ),
    errors={
        "ResourceInUseException": "deferred",
        "InvalidRequestException": "deferred",
        "ResourceNotFoundException": "settled",
    },
    settles_in=timedelta(minutes=30),
    whole=True,
)
