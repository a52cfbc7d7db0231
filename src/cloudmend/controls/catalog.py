"""The controls as a policy knows them. Each is imported only if a policy has settings for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cloudmend.controls import CONTROLS, IDS, by_contract
from cloudmend.core.policy import Catalog, Described, Parameter


class _Controls(Mapping[str, Described]):
    """All controls by id, in the order in which they run."""

    def __getitem__(self, control_id: str) -> Described:
        if control_id not in IDS:
            raise KeyError(control_id)
        return next((each for each in CONTROLS if each.id == control_id), None) or by_contract(control_id)

    def __contains__(self, control_id: object) -> bool:
        return control_id in IDS

    def __iter__(self) -> Iterator[str]:
        return iter(IDS)

    def __len__(self) -> int:
        return len(IDS)


# The keys of this one stood at the top level of a policy file.
_FIRST: Final = ("control", "security_group_ingress")

_MOVED: Final = ("guarded", "aws_prefix_lists", "unreadable_prefix_lists", "limits", "trusted", "replacement")

GUARDED_PORTS: Final = Parameter("CLOUDMEND_GUARDED_PORTS", "GuardedPorts", (*_FIRST, "guarded"))
REPLACEMENT_IPV4: Final = Parameter("CLOUDMEND_REPLACEMENT_IPV4", "ReplacementIpv4", (*_FIRST, "replacement", "ipv4"))
REPLACEMENT_IPV6: Final = Parameter("CLOUDMEND_REPLACEMENT_IPV6", "ReplacementIpv6", (*_FIRST, "replacement", "ipv6"))

CATALOG: Final = Catalog(
    controls=_Controls(),
    parameters=(GUARDED_PORTS, REPLACEMENT_IPV4, REPLACEMENT_IPV6),
    moved={name: (*_FIRST, name) for name in _MOVED},
)
