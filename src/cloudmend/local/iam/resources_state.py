"""The State of the embedded AWS: what moto and our own security groups know of the resources that calls name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from cloudmend.local.ec2.groups import SecurityGroups
    from cloudmend.local.ec2.model import Rule
    from cloudmend.local.ec2.model import State as Ec2State

_GROUP, _RULE, _LIST, _IMAGE = "security-group", "security-group-rule", "prefix-list", "image"
_OF_AWS: Final = "alias/aws/"  # keys that AWS manages: every principal of the account may use them through the service


class Named(NamedTuple):
    """The parts of an ARN. `kind` is empty for a service whose ARNs have none (SQS, SNS)."""

    partition: str
    service: str
    region: str
    account: str
    kind: str
    id: str


def parts(arn: str) -> Named:
    """Return the parts of an ARN; empty ones of a text that is none."""
    _, partition, service, region, account, rest = (*arn.split(":", 5), *[""] * 5)[:6]
    kind, slash, resource_id = rest.partition("/")
    return Named(partition, service, region, account, kind if slash else "", resource_id if slash else rest)


class EmbeddedState:
    """A State. `groups` returns the security groups of an account and Region."""

    def __init__(self, groups: Callable[[str, str], SecurityGroups]) -> None:
        self._groups = groups

    def owner_of(self, arn: str) -> str:
        named = parts(arn)
        if named.service != "s3":
            return ""
        return s3_backends.bucket_accounts.get(named.kind or named.id, ("", ""))[1]  # their ARNs have no account

    def keys_of(self, arn: str) -> Mapping[str, Any]:
        named = parts(arn)
        if named.service == "ec2" and named.kind == _IMAGE:
            return _keys_of_image(named)
        if named.service != "ec2" or named.kind not in (_GROUP, _RULE, _LIST) or not named.account.isdigit():
            return {}
        state = self._state(named)
        group = state.groups.get(named.id)
        found = group or state.prefix_lists.get(named.id) or _rule(state, named.id)
        tags = found.tags if found else {}
        keys = {f"{prefix}:ResourceTag/{key}": value for prefix in ("aws", "ec2") for key, value in tags.items()}
        return keys | ({"ec2:Vpc": state.arn("vpc", group.vpc.id)} if group else {})

    def named(self, arn: str) -> str:
        named = parts(arn)
        if named.service == "iam" and named.kind in ("role", "user"):
            return next(_whole(named), arn)
        if named.service == "kms" and named.kind == "key":
            return _arn_of_key(named, named.id) or arn
        if named.service == "ec2" and named.kind in (_GROUP, _LIST):
            return self._of_owner(named)
        return arn

    def partition_key_of(self, arn: str) -> str:
        named = parts(arn)
        table_name, _, index = named.id.partition("/index/")
        table = dynamodb_backends[named.account][named.region].tables.get(table_name)
        if table is None:
            return ""
        if not index:
            return str(table.hash_key_attr)
        schemas = (each.schema for each in table.all_indexes() if each.name == index)
        return next((str(key["AttributeName"]) for each in schemas for key in each if key["KeyType"] == "HASH"), "")

    def key_of(self, arn: str) -> str:
        named = parts(arn)
        key = _key_id(named, arn)
        if not key or key.startswith("arn:") or _OF_AWS in key:
            return "" if _OF_AWS in key else key
        return _arn_of_key(named, key)

    def _of_owner(self, named: Named) -> str:
        """Return the ARN of a group, which a call can name without its id, or of a list, with the account that owns it.

        A call about what another account shares, or AWS, names the id alone.
        """
        state = self._state(named)
        by_name = (group.id for group in state.groups.values() if group.vpc.is_default and group.name == named.id)
        found_id = next(by_name, named.id) if named.kind == _GROUP else named.id
        found = state.groups.get(found_id) or state.prefix_lists.get(found_id)
        return state.arn(named.kind, found_id, (found.owner if found else "").lower())

    def _state(self, named: Named) -> Ec2State:
        return self._groups(named.account, named.region).state


def _keys_of_image(named: Named) -> Mapping[str, Any]:
    """Return the keys of an AMI, whose ARN does not name its account."""
    regions = (account[named.region] for account in list(ec2_backends.values()) if named.region in account)
    found = next((backend.amis[named.id] for backend in regions if named.id in backend.amis), None)
    return {"ec2:Public": str(found.is_public).lower(), "ec2:Owner": found.owner_id} if found else {}


def _rule(state: Ec2State, rule_id: str) -> Rule | None:
    rules = (rule for group in list(state.groups.values()) for rule in group.rules)
    return next((rule for rule in rules if rule.id == rule_id), None)


def _whole(named: Named) -> Iterator[str]:
    """Yield the ARN of a role or user of that name, under whatever path."""
    backend = iam_backends[named.account][named.partition]
    if named.kind == "role":
        yield from (role.arn for role in list(backend.roles.values()) if role.name == named.id)
    else:
        yield from (user.arn for user in list(backend.users.values()) if user.name == named.id)


def _arn_of_key(named: Named, key: str) -> str:
    """Return the ARN of a key by its id or alias, in the account and Region of a resource; empty if there is none."""
    backend = kms_backends[named.account][named.region]
    key_id = backend.get_key_id_from_alias(key) if key.startswith("alias/") else key
    found = backend.keys.get(key_id or "")
    return str(found.arn) if found else ""


def _key_id(named: Named, arn: str) -> str:
    """Return the id, ARN, or alias of the key of a topic or queue; empty if it has none of the customer's."""
    if named.service == "sns":
        topic = sns_backends[named.account][named.region].topics.get(arn)
        return str(topic.kms_master_key_id or "") if topic else ""
    if named.service == "sqs":
        queue = sqs_backends[named.account][named.region].queues.get(named.id)
        return str(getattr(queue, "kms_master_key_id", "") or "")
    return ""
