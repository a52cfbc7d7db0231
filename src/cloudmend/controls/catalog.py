"""The controls as a policy knows them. Each is imported only if a policy has settings for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cloudmend.controls import by_id, ids, is_known
from cloudmend.core.policy.catalog import Catalog, Described
from cloudmend.core.policy.location import Parameter

# Policy files had its keys at the top level before there were other controls.
_FIRST: Final = "security_group_ingress"


class _Controls(Mapping[str, Described]):
    """The controls by id, in the order in which they run."""

    def __getitem__(self, control_id: str) -> Described:
        return by_id(control_id)

    def __contains__(self, control_id: object) -> bool:
        return isinstance(control_id, str) and is_known(control_id)

    def __iter__(self) -> Iterator[str]:
        return iter(ids())

    def __len__(self) -> int:
        return len(ids())


_MOVED: Final = ("guarded", "aws_prefix_lists", "unreadable_prefix_lists", "limits", "trusted", "replacement")

GUARDED_PORTS: Final = Parameter("CLOUDMEND_GUARDED_PORTS", "GuardedPorts", ("control", _FIRST, "guarded"))
REPLACEMENT_IPV4: Final = Parameter(
    "CLOUDMEND_REPLACEMENT_IPV4", "ReplacementIpv4", ("control", _FIRST, "replacement", "ipv4")
)
REPLACEMENT_IPV6: Final = Parameter(
    "CLOUDMEND_REPLACEMENT_IPV6", "ReplacementIpv6", ("control", _FIRST, "replacement", "ipv6")
)

CATALOG: Final = Catalog(
    controls=_Controls(),
    first=_FIRST,
    parameters=(GUARDED_PORTS, REPLACEMENT_IPV4, REPLACEMENT_IPV6),
    moved={name: ("control", _FIRST, name) for name in _MOVED},
)
