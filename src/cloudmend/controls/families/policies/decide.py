"""Can a stranger use it? The public statements of a resource policy, each with a request that a stranger could make.

A statement is public if a caller whom the policy's author could not have named can use it after all Denies. If only an
AWS service can that acts for such a caller's resource, the owner's own service is a confused deputy.

Three answers are this project's own. A condition on `aws:SourceIp` names somebody if it leaves at most a /8 of public
addresses, or a /32 of IPv6, all its values together. A search that takes too many steps is reported as public, without
a request. An action is taken at its word: whether the service has it is not checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.document import Statement, read
from cloudmend.controls.families.policies.naming import names_callers
from cloudmend.controls.families.policies.requests import Policy, Request
from cloudmend.controls.families.policies.texts import Effort, TooHard
from cloudmend.core.model import Json

_MOST_STEPS: Final = 300_000  # for all searches in one policy
NOT_KNOWN: Final = Owner()


class Admission(Struct, frozen=True):
    """A statement that a stranger can use, and a request that it admits; None: none was found, and none ruled out."""

    place: int  # of the statement in the policy, from 0
    sid: str
    kind: Literal["public", "deputy"]
    request: Request | None = None


def admissions(policy: Json, owner: Owner = NOT_KNOWN, resources: Sequence[str] = ()) -> tuple[Admission, ...]:
    """Return the statements of a resource policy that strangers can use.

    Args:
        policy: the document, parsed.
        owner: the owner of the resource, as far as it is known.
        resources: the ARNs of what the policy is about, with wildcards; empty: whatever its statements name.

    Raises:
        InputError: the document is no policy of a resource.
    """
    statements = read(policy)
    whole = Policy(statements, owner, resources, Effort(_MOST_STEPS))
    found = (_admission(each, whole) for each in statements if not each.denies)
    return tuple(each for each in found if each)


def _admission(allow: Statement, policy: Policy) -> Admission | None:
    if any(map(names_callers, allow.conditions)):
        return None
    is_open = False
    for stranger in policy.strangers.of(allow.principals):
        try:
            request = policy.search(stranger).admitted(allow)
        except TooHard:
            is_open = True
            continue
        if request:
            kind: Literal["public", "deputy"] = "deputy" if stranger.kind == "service" else "public"
            if kind == "public" or not is_open:
                return Admission(allow.place, allow.sid, kind, request)
    return Admission(allow.place, allow.sid, "public") if is_open else None
