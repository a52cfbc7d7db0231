"""Managed policies with the statements of the controls: as many as their sizes need, and no more than a role takes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.contract import Control
from cloudmend.core.errors import CloudmendError
from cloudmend.template.statements import EVERYWHERE, HERE, Granted, denials, follow, mend, undo

POLICY_LIMIT: Final = 6144  # characters of a managed policy, without white space
ROLE_LIMIT: Final = 10  # managed policies of a role, by default

RESPONDER, _SWEEPER, _UNDOER = "SecurityGroupRemediationRole", "SweepRole", "UndoRole"
_ALL_REGIONS: Final = "SweepsAllRegions"


class ManagedPolicy(Struct, frozen=True, kw_only=True):
    """A managed policy of the template, by its logical id. `where` is a condition that all of it depends on."""

    id: str
    comment: str
    roles: tuple[str, ...]
    statements: tuple[Granted, ...]
    where: str = ""

    @property
    def alternatives(self) -> tuple[str, ...]:
        """The conditions of its controls: the policy would be empty if none held. A control that mends hears, too."""
        return tuple(
            dict.fromkeys(each.condition for each in self.statements if each.condition.startswith(("Hears", "Undoes")))
        )

    @property
    def is_always_there(self) -> bool:
        """Return whether it has a statement without a condition in every stack."""
        return not self.where and any(not each.condition for each in self.statements)

    @property
    def condition(self) -> str:
        """The condition under which it is there; empty: always."""
        if self.is_always_there:
            return ""
        return self.alternatives[0] if len(self.alternatives) == 1 and not self.where else f"Has{self.id}"

    @property
    def resource(self) -> Mapping[str, Any]:
        """The resource of the template."""
        statements = [each.body if each.condition == self.condition else each.value for each in self.statements]
        return {
            "Type": "AWS::IAM::ManagedPolicy",
            **({"Condition": self.condition} if self.condition else {}),
            "Properties": {
                "Roles": [{"Ref": role} for role in self.roles],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            },
        }


class _Kind(Struct, frozen=True, kw_only=True):
    """A kind of policy: its roles, and what it grants for a control."""

    id: str
    comment: str
    roles: tuple[str, ...]
    grants: Callable[[Control[Any], str], Iterator[Granted]]
    region: str = HERE

    @property
    def where(self) -> str:
        return _ALL_REGIONS if self.region == EVERYWHERE else ""


_KINDS: Final = (
    _Kind(
        id="MendControlsPolicy",
        comment="What the controls of cloudmend read and mend.",
        roles=(RESPONDER, _SWEEPER),
        grants=mend,
    ),
    _Kind(
        id="MendControlsElsewherePolicy",
        comment="The same in all Regions, if the sweep looks there.",
        roles=(_SWEEPER,),
        grants=mend,
        region=EVERYWHERE,
    ),
    _Kind(
        id="FollowControlsPolicy",
        comment="What controls read for an event that names something else than a resource of theirs.",
        roles=(RESPONDER,),
        grants=follow,
    ),
    _Kind(
        id="UndoControlsPolicy",
        comment="What people undo of the mends of controls. The only policy here that can open anything.",
        roles=(_UNDOER,),
        grants=undo,
    ),
    _Kind(
        id="UndoControlsElsewherePolicy",
        comment="The same in all Regions, if the sweep mends there.",
        roles=(_UNDOER,),
        grants=undo,
        region=EVERYWHERE,
    ),
)


def policies(controls: Sequence[Control[Any]]) -> tuple[ManagedPolicy, ...]:
    """Return the managed policies that these controls need.

    Raises CloudmendError if a role would need more than AWS lets it have, or if one control does not fit into a policy.
    """
    made = tuple(each for kind in _KINDS for each in _of_kind(kind, controls))
    needed = Counter(role for policy in made for role in policy.roles)
    for role, count in needed.items():
        if count > ROLE_LIMIT:
            raise CloudmendError(
                f"{len(controls)} controls need {count} managed policies for {role}, and a role takes {ROLE_LIMIT}. "
                "Build with fewer controls, or have AWS raise the quota and ROLE_LIMIT with it."
            )
    return made


def _of_kind(kind: _Kind, controls: Iterable[Control[Any]]) -> Iterator[ManagedPolicy]:
    parts: list[list[Granted]] = [[]]
    for control in controls:
        own = list(kind.grants(control, kind.region))
        if size([*own, *denials(own)]) > POLICY_LIMIT:
            raise CloudmendError(f"The rights of {control.id} do not fit into a policy of {POLICY_LIMIT:,} characters.")
        together = [*parts[-1], *own]
        if size([*together, *denials(together)]) > POLICY_LIMIT:
            parts.append(own)
        else:
            parts[-1] = together
    for number, part in enumerate(filter(None, parts), 1):
        yield ManagedPolicy(
            id=kind.id if number == 1 else f"{kind.id}{number}",
            comment=kind.comment,
            roles=kind.roles,
            statements=(*part, *denials(part)),
            where=kind.where,
        )


def size(statements: Iterable[Granted]) -> int:
    """Return the most characters that a policy of these statements can have, as IAM counts them: all are granted."""
    document = {"Version": "2012-10-17", "Statement": [_resolved(each.body) for each in statements]}
    return len(json.dumps(document, separators=(",", ":")))


# The longest value of each that AWS has.
_LONGEST: Final = {"AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "1" * 12}
_ARN: Final = 160  # of a resource of the stack, whose name has up to 80 characters


def _resolved(value: Any) -> Any:
    """Return a part of a statement with the longest values in place of the template's functions."""
    if isinstance(value, Mapping):
        if "Fn::GetAtt" in value or "Ref" in value:
            return "x" * _ARN
        if "Fn::Sub" in value:
            return re.sub(r"\$\{([\w:]+)\}", lambda found: _LONGEST[found[1]], value["Fn::Sub"])
        return {key: _resolved(inner) for key, inner in value.items()}
    return [_resolved(each) for each in value] if isinstance(value, list) else value
