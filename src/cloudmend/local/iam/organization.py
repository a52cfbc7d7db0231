"""The organization that an account is in, from moto's state: its keys, and the policies that it attaches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from moto.organizations.models import OrganizationsBackend, organizations_backends

from cloudmend.local.iam.request import Levels, Policy

_ALL_FEATURES: Final = "ALL"
_PolicyType = Literal["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]


@dataclass(frozen=True, slots=True)
class Membership:
    """An account in its organization."""

    organization: str  # "o-exampleorgid"
    path: str  # "o-exampleorgid/r-ab12/ou-ab12-11111111/"
    management: bool
    scps: Levels
    rcps: Levels  # empty for the management account, whose resources no RCP binds


def membership_of(account: str, partition: str) -> Membership | None:
    """Return the organization that an account is in; None if it is in none."""
    master, _ = organizations_backends.master_accounts.get(account, (account, partition))
    backend: OrganizationsBackend = organizations_backends[master][partition]
    organization = backend.org
    if organization is None:
        return None
    nodes = list(_from_root(backend, account))
    management = account == organization.master_account_id
    return Membership(
        organization=organization.id,
        path="".join(f"{name}/" for name in [organization.id, *(node.id for node in nodes[:-1])]),
        management=management,
        # AWS enables service control policies together with all features. moto has no mark for it.
        scps=_levels(nodes, "SERVICE_CONTROL_POLICY", organization.feature_set == _ALL_FEATURES),
        rcps=() if management else _levels(nodes, "RESOURCE_CONTROL_POLICY"),
    )


def _from_root(backend: OrganizationsBackend, account: str) -> Iterator[Any]:
    """Yield the root, the organizational units above an account, and the account."""
    units = {unit.id: unit for unit in backend.ou}
    path: list[Any] = [backend.get_account_by_id(account)]
    while path[-1].type != "ROOT":
        path.append(units[path[-1].parent_id])
    yield from reversed(path)


def _levels(nodes: list[Any], policy_type: _PolicyType, enabled: bool = False) -> Levels:
    """Return the policies of a type by level; none if the type is not enabled."""
    if not enabled and not any(each["Type"] == policy_type for each in nodes[0].policy_types):
        return ()
    return [
        [Policy(policy.arn, policy.content) for policy in node.attached_policies if policy.type == policy_type]
        for node in nodes
    ]
