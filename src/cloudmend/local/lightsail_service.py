"""Lightsail's instances and their firewalls, which moto does not have.

An instance is pending when it is shown for the first time, and until then Lightsail refuses to change it. The codes are
documented; the words are ours.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from cloudmend.local.clock import CLOCK
from cloudmend.local.messages import ApiError, ApiResponse, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cloudmend.local.front import Exchange

    Params = Mapping[str, Any]
    Place = tuple[str, str]  # account and Region

_IPV4, _IPV6, _ALIASES = "cidrs", "ipv6Cidrs", "cidrListAliases"
_WORLD = {_IPV4: ["0.0.0.0/0"], _IPV6: ["::/0"], _ALIASES: []}
_LAST_PORT = 65535
_LAST_TYPE = 255  # of ICMP, and its last code
_PAGE = 100
Range = tuple[str, int, int]  # protocol, first and last port


@dataclass
class _Instance:
    """An instance: its ports, each with the lists of those who may connect. `shown` is how often it was listed."""

    name: str
    blueprint: str
    place: Place
    ports: dict[Range, dict[str, list[str]]]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    shown: int = 0

    @property
    def is_pending(self) -> bool:
        return self.shown < 2

    def row(self) -> Mapping[str, Any]:
        account, region = self.place
        return {
            "name": self.name,
            "arn": f"arn:aws:lightsail:{region}:{account}:Instance/{self.id}",
            "createdAt": CLOCK.now().timestamp(),
            "location": {"availabilityZone": f"{region}a", "regionName": region},
            "resourceType": "Instance",
            "blueprintId": self.blueprint,
            "ipAddressType": "dualstack",
            "networking": {"ports": [{**_shown(*each), "accessDirection": "inbound"} for each in self.ports.items()]},
            "state": {"code": 0, "name": "pending"} if self.is_pending else {"code": 16, "name": "running"},
        }


class LightsailService:
    """Lightsail's calls about instances and their ports, for all accounts and Regions."""

    def __init__(self) -> None:
        self._instances: dict[Place, dict[str, _Instance]] = {}
        self._answers: Mapping[str, Callable[[dict[str, _Instance], Params, Place], Mapping[str, Any]]] = {
            "CloseInstancePublicPorts": _close,
            "CreateInstances": _create,
            "DeleteInstance": _delete,
            "GetInstance": _get,
            "GetInstancePortStates": _states,
            "GetInstances": _list,
            "OpenInstancePublicPorts": _open,
            "PutInstancePublicPorts": _put,
        }

    def __call__(self, exchange: Exchange) -> ApiResponse:
        """Answer a call. Raises ApiError, as moto does for what is not here."""
        answer = self._answers.get(exchange.request.operation)
        if answer is None:
            return exchange.forward()
        place = (exchange.principal.account, exchange.request.region)
        params = exchange.call.params if exchange.call else {}
        return json_answer(answer(self._instances.setdefault(place, {}), params, place))


def _create(instances: dict[str, _Instance], params: Params, place: Place) -> Mapping[str, Any]:
    names, blueprint = params.get("instanceNames", []), str(params.get("blueprintId", ""))
    if taken := sorted({*names} & instances.keys()):
        raise _invalid(f"Some names are already in use: {', '.join(taken)}.")
    first = 3389 if blueprint.startswith("windows") else 22
    for name in names:
        ports = {("tcp", port, port): _sources({}) for port in (first, 80)}
        instances[name] = _Instance(name, blueprint, place, ports)
    return {"operations": [_operation("CreateInstance", name) for name in names]}


def _delete(instances: dict[str, _Instance], params: Params, _: Place) -> Mapping[str, Any]:
    found = _named(instances, params)
    del instances[found.name]
    return {"operations": [_operation("DeleteInstance", found.name)]}


def _get(instances: dict[str, _Instance], params: Params, _: Place) -> Mapping[str, Any]:
    found = _named(instances, params)
    found.shown += 1
    return {"instance": found.row()}


def _list(instances: dict[str, _Instance], params: Params, _: Place) -> Mapping[str, Any]:
    first = int(params.get("pageToken") or 0)
    page = list(instances.values())[first : first + _PAGE]
    for each in page:
        each.shown += 1
    more = {"nextPageToken": str(first + _PAGE)} if first + _PAGE < len(instances) else {}
    return {"instances": [each.row() for each in page], **more}


def _states(instances: dict[str, _Instance], params: Params, _: Place) -> Mapping[str, Any]:
    ports = _named(instances, params).ports
    return {"portStates": [{**_shown(*each), "state": "open"} for each in ports.items()]}


def _put(instances: dict[str, _Instance], params: Params, _: Place) -> Mapping[str, Any]:
    """Close all ports but those of the call."""
    given = dict(map(_entry, params["portInfos"]))
    found = _writable(instances, params)
    found.ports = given
    return {"operation": _operation("PutInstancePublicPorts", found.name)}


def _open(instances: dict[str, _Instance], params: Params, _: Place) -> Mapping[str, Any]:
    ports, sources = _entry(params["portInfo"])
    found = _writable(instances, params)
    there = found.ports.setdefault(ports, {name: [] for name in _WORLD})
    for name, each in sources.items():
        there[name] = list(dict.fromkeys([*there[name], *each]))
    return {"operation": _operation("OpenInstancePublicPorts", found.name)}


def _close(instances: dict[str, _Instance], params: Params, _: Place) -> Mapping[str, Any]:
    ports, _sources_of = _entry(params["portInfo"])
    found = _writable(instances, params)
    found.ports.pop(ports, None)
    return {"operation": _operation("CloseInstancePublicPorts", found.name)}


def _named(instances: dict[str, _Instance], params: Params) -> _Instance:
    name = params.get("instanceName", "")
    if name not in instances:
        raise ApiError("NotFoundException", f"The Instance does not exist: {name}")
    return instances[name]


def _writable(instances: dict[str, _Instance], params: Params) -> _Instance:
    found = _named(instances, params)
    if found.is_pending:
        raise ApiError("OperationFailureException", f"The instance {found.name} is pending. Try again later.")
    return found


def _entry(given: Params) -> tuple[Range, dict[str, list[str]]]:
    """Return the ports of an entry, and who may connect. Raises ApiError for what Lightsail refuses."""
    protocol, first, last = str(given.get("protocol", "")).lower(), given.get("fromPort", 0), given.get("toPort", 0)
    if protocol in ("tcp", "udp", "all"):
        is_right = 0 <= first <= last <= _LAST_PORT
    else:
        is_right = protocol in ("icmp", "icmpv6") and -1 <= first <= _LAST_TYPE and -1 <= last <= _LAST_TYPE
    if not is_right:
        raise _invalid(f"{protocol} {first}-{last} is not a protocol with ports.")
    return (protocol, first, last), _sources(given)


def _sources(given: Params) -> dict[str, list[str]]:
    """Return the lists of an entry. If it names nobody, everybody may connect."""
    named = {_IPV4: _networks(given, 4), _IPV6: _networks(given, 6), _ALIASES: list(given.get(_ALIASES, ()))}
    if {*named[_ALIASES]} - {"lightsail-connect"}:
        raise _invalid("The only alias is lightsail-connect.")
    return named if any(named.values()) else {name: [*each] for name, each in _WORLD.items()}


def _networks(given: Params, version: int) -> list[str]:
    texts: Sequence[str] = given.get(_IPV4 if version == 4 else _IPV6, ())
    return list(dict.fromkeys(_network(text, version) for text in texts))


def _network(text: str, version: int) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise _invalid(f"{text} is not a range of addresses.") from None
    if network.version != version:
        raise _invalid(f"{text} is not a range of IPv{version}.")
    return str(network)


def _shown(ports: Range, sources: Mapping[str, list[str]]) -> dict[str, Any]:
    protocol, first, last = ports
    return {"protocol": protocol, "fromPort": first, "toPort": last, **sources}


def _operation(kind: str, name: str) -> Mapping[str, Any]:
    now = CLOCK.now().timestamp()
    return {
        "id": str(uuid.uuid4()),
        "resourceName": name,
        "resourceType": "Instance",
        "createdAt": now,
        "operationType": kind,
        "status": "Succeeded",
        "statusChangedAt": now,
        "isTerminal": True,
    }


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidInputException", message)
