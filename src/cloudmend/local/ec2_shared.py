"""The one store of security groups and prefix lists, as moto asks for them.

`share` replaces methods of moto's EC2: those that look up, make, delete and tag groups. moto's other services call them
too. An instance's groups are those of its first network interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.utils import filter_dict_attribute_mapping

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Group
from cloudmend.local.ec2.tags import is_ours, tag_rows

Store = Callable[[str, str], SecurityGroups]
_MOTOS: Final = EC2Backend.iter_tagged_resources
# Of DescribeInstances, which moto filters by the attributes of an instance.
_FILTERS: Final = {
    "network-interface.group-id": "security_groups.id",
    "network-interface.group-name": "security_groups.name",
}
_REPLACED: Final = frozenset({"ec2:security-group", "ec2:managed-prefix-lists"})


@dataclass(frozen=True)
class SharedGroup:
    """A group of the store, with the names that moto reads."""

    id: str
    name: str
    description: str
    vpc_id: str
    owner_id: str

    @property
    def group_id(self) -> str:
        return self.id

    @property
    def group_name(self) -> str:
        return self.name

    @property
    def is_default(self) -> bool:
        return self.name == "default"


@dataclass(frozen=True)
class SharedList:
    """A prefix list of the store, with the names that moto's routes and endpoints read one."""

    id: str
    prefix_list_name: str


def share(store: Store) -> None:
    """Make moto use the groups of `store`, which gives those of an account and Region, from now on."""
    for name, method in _methods(store).items():
        setattr(EC2Backend, name, method)
    EC2Backend.managed_prefix_lists = property(lambda backend: _lists(store, backend), _forget)  # type: ignore[assignment]
    filter_dict_attribute_mapping.update(_FILTERS)
    NetworkInterface.group_set = property(_of_interface)  # type: ignore[method-assign, assignment]
    Instance.security_groups = property(_of_instance, _put_on_instance)  # type: ignore[assignment]


def _methods(store: Store) -> Mapping[str, Any]:
    def found(backend: EC2Backend, wanted: Callable[[SharedGroup], bool]) -> SharedGroup | None:
        return next(filter(wanted, _all(store, backend)), None)

    def from_name(backend: EC2Backend, name: str, vpc_id: str | None = None) -> SharedGroup | None:
        vpc = vpc_id or _default_vpc(backend)
        return found(backend, lambda group: (group.name, group.vpc_id) == (name, vpc))

    def described(
        backend: EC2Backend, group_ids: Iterable[str] | None = None, groupnames: Iterable[str] | None = None, **_: Any
    ) -> list[SharedGroup]:
        ids, names = set(group_ids or ()), set(groupnames or ())
        groups = list(_all(store, backend))
        return [group for group in groups if not (ids or names) or group.id in ids or group.name in names]

    def create(
        backend: EC2Backend, name: str, description: str, vpc_id: str | None = None, is_default: bool = False, **_: Any
    ) -> SharedGroup | None:
        if is_default:  # the store gives each VPC its default group by itself
            return None
        params = {"GroupName": name, "Description": description, **({"VpcId": vpc_id} if vpc_id else {})}
        made = _store(store, backend).call("CreateSecurityGroup", params)
        return found(backend, lambda group: group.id == made["GroupId"])

    def delete(backend: EC2Backend, name: str | None = None, group_id: str | None = None) -> None:
        group = found(backend, lambda group: group.id == group_id or group.name == name)
        if group is not None and not group.is_default:  # a default group goes with its VPC
            _store(store, backend).call("DeleteSecurityGroup", {"GroupId": group.id})

    return {
        "get_security_group_from_id": lambda backend, group_id: found(backend, lambda group: group.id == group_id),
        "get_security_group_from_name": from_name,
        "get_default_security_group": lambda backend, vpc_id=None: from_name(backend, "default", vpc_id),
        "describe_security_groups": described,
        "create_security_group": create,
        "delete_security_group": delete,
        **_tagging(store),
    }


def _tagging(store: Store) -> Mapping[str, Any]:
    """Return the methods with which the tagging API lists and changes tags."""

    def tag(backend: EC2Backend, arn: str, tags: Mapping[str, str]) -> None:
        change(backend, arn, "CreateTags", [{"Key": key, "Value": value} for key, value in tags.items()])

    def untag(backend: EC2Backend, arn: str, tag_keys: Iterable[str]) -> None:
        change(backend, arn, "DeleteTags", [{"Key": key} for key in tag_keys])

    def change(backend: EC2Backend, arn: str, operation: str, tags: list[dict[str, str]]) -> None:
        resource_id = arn.rpartition("/")[2]
        if not is_ours(resource_id):
            named = {each["Key"]: each.get("Value") for each in tags}
            (backend.create_tags if operation == "CreateTags" else backend.delete_tags)([resource_id], named)  # type: ignore[arg-type]
            return
        try:
            _store(store, backend).call(operation, {"Resources": [resource_id], "Tags": tags})
        except Ec2Error as error:
            raise NotImplementedError(str(error)) from None  # moto reports the resource as failed

    return {
        "iter_tagged_resources": lambda backend: _tagged(_store(store, backend), backend),
        "tag_resource": tag,
        "untag_resource": untag,
    }


def _tagged(groups: SecurityGroups, backend: EC2Backend) -> Iterator[TaggedResource]:
    """Yield what has tags: moto's resources, and the store's."""
    yield from (each for each in _MOTOS(backend) if each.resource_type not in _REPLACED)
    tags: dict[tuple[str, str], dict[str, str]] = {}
    for row in tag_rows(groups.state):
        tags.setdefault((row.resource_type, row.resource_id), {})[row.key] = row.value
    for (kind, resource_id), pairs in tags.items():
        yield TaggedResource(groups.state.arn(kind, resource_id), pairs, f"ec2:{kind}")


def _store(store: Store, backend: EC2Backend) -> SecurityGroups:
    return store(backend.account_id, backend.region_name)


def _all(store: Store, backend: EC2Backend) -> Iterator[SharedGroup]:
    """Yield the groups of a backend; none while it is made, because the store asks it for its VPCs."""
    if _is_made(backend):
        state = _store(store, backend).state
        shown = [group for group in state.groups.values() if group.id not in state.hidden]
        yield from (_shared(group, state.account) for group in shown)


def _lists(store: Store, backend: EC2Backend) -> dict[str, SharedList]:
    """Return the prefix lists by their ids. What moto adds to them is forgotten."""
    if not _is_made(backend):
        return {}
    state = _store(store, backend).state
    shown = [known for known in state.prefix_lists.values() if known.id not in state.hidden]
    return {known.id: SharedList(known.id, known.name) for known in shown}


def _forget(backend: EC2Backend, lists: object) -> None:
    """Stand for moto's assignment of lists of its own."""


def _is_made(backend: EC2Backend) -> bool:
    return backend.region_name in ec2_backends[backend.account_id].keys()  # noqa: SIM118 `in` is true of each Region


def _shared(group: Group, account: str) -> SharedGroup:
    return SharedGroup(group.id, group.name, group.description, group.vpc.id, group.owner or account)


def _default_vpc(backend: EC2Backend) -> str:
    vpc = backend.get_default_vpc()
    return vpc.id if vpc else ""


def _of_interface(interface: NetworkInterface) -> list[SharedGroup]:
    groups: list[SharedGroup] = interface._group_set  # type: ignore[assignment] # noqa: SLF001
    return groups


def _of_instance(instance: Instance) -> list[SharedGroup]:
    first = instance.__dict__.get("nics", {}).get(0)
    asked: list[SharedGroup] = instance.__dict__.get("asked_groups", [])
    return _of_interface(first) if first else asked


def _put_on_instance(instance: Instance, groups: list[SharedGroup]) -> None:
    first = instance.__dict__.get("nics", {}).get(0)
    if first:
        first._group_set = groups  # noqa: SLF001
    else:
        instance.__dict__["asked_groups"] = groups
