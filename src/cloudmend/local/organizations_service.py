"""Organizations' part of the front: moto keeps the organization. Who may call, and where an account is, is added here.

A member account can describe the organization, and nothing else, unless it is a delegated administrator or the
organization's resource policy names it. Then it can read. moto lets each account ask about itself alone.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from moto.iam.models import IAMBackend, iam_backends
from moto.organizations.models import FakeDelegatedAdministrator, OrganizationsBackend, organizations_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.iam.organization import membership_of
from cloudmend.local.iam.policies_of_aws import administrator
from cloudmend.local.iam.request import AccessRequest, Policy
from cloudmend.local.messages import ApiError, ApiResponse, json_answer

if TYPE_CHECKING:
    from cloudmend.local.front import Exchange

_ROLE: Final = "OrganizationAccountAccessRole"
_OF_EVERYBODY: Final = frozenset({"CreateOrganization", "DescribeOrganization", "LeaveOrganization"})
_READS: Final = ("Describe", "List")
# Services that AWS takes as delegated, and that moto does not know.
_DELEGATED: Final = ("account.amazonaws.com", "member.org.stacksets.cloudformation.amazonaws.com")
_POLICY: Final = "cloudmend_resource_policy"


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call of Organizations. Raises ApiError."""
    operation, caller = exchange.request.operation, exchange.principal.account
    partition = partition_of(exchange.request.region).id
    master, _ = organizations_backends.master_accounts.get(caller, (caller, partition))
    backend: OrganizationsBackend = organizations_backends[master][partition]
    if caller != master and operation not in _OF_EVERYBODY:
        _check_member(exchange, backend)
    if answering := _OPERATIONS.get(operation):
        if backend.org is None:
            raise ApiError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        return json_answer(answering(exchange, backend))
    if operation == "RegisterDelegatedAdministrator":
        _know_services()
    response = exchange.forward(account=caller if operation in _OF_EVERYBODY else master)
    return _completed(exchange, response, partition)


def give_rights(account: str, partition: str, name: str = _ROLE) -> None:
    """Attach AdministratorAccess to the role of a new account, to which moto gives a trust policy alone."""
    backend: IAMBackend = iam_backends[account][partition]
    administrator(backend).attach_to(backend.get_role(name))


def is_delegated(account: str, backend: OrganizationsBackend, service: str = "") -> bool:
    """Return whether an account is a delegated administrator of a service, or of any."""
    return any(each.account.id == account and (not service or service in each.services) for each in backend.admins)


def _check_member(exchange: Exchange, backend: OrganizationsBackend) -> None:
    """Raise ApiError unless a member account may make a call."""
    operation, caller = exchange.request.operation, exchange.principal.account
    if operation.startswith(_READS):
        if is_delegated(caller, backend):
            return
        policy = vars(backend).get(_POLICY)
        account = exchange.call.params.get("AccountId", "") if exchange.call else ""
        resource = backend.get_account_by_id(account).arn if account else "*"
        asked = AccessRequest(f"organizations:{operation}", resource, owner=backend.account_id)
        if policy and exchange.is_shared(asked, Policy("organization (resource policy)", policy["Content"])):
            return
    raise ApiError("AccessDeniedException", "You don't have permissions to access this resource.")


def _completed(exchange: Exchange, response: ApiResponse, partition: str) -> ApiResponse:
    """Return moto's answer with what it lacks: the rights of a new account's role, and the path of each account."""
    if response.error_code or exchange.call is None:
        return response
    result = json.loads(response.body or b"{}")
    if exchange.request.operation == "CreateAccount":
        account = result["CreateAccountStatus"]["AccountId"]
        give_rights(account, partition, exchange.call.params.get("RoleName", _ROLE))
    accounts = [*result.get("Accounts", ()), *([result["Account"]] if "Account" in result else [])]
    if not accounts:
        return response
    for each in accounts:
        membership = membership_of(each["Id"], partition)
        each["Paths"] = [f"{membership.path}{each['Id']}/"] if membership else []
    return json_answer(result)


def _know_services() -> None:
    known: list[str] = FakeDelegatedAdministrator.SUPPORTED_SERVICES
    known.extend(each for each in _DELEGATED if each not in known)


def _put_policy(exchange: Exchange, backend: OrganizationsBackend) -> Mapping[str, Any]:
    content = exchange.call.params["Content"] if exchange.call else ""
    try:
        statements = json.loads(content)["Statement"]
    except (ValueError, TypeError, KeyError):
        statements = None
    if not statements:
        raise ApiError("InvalidInputException", "The resource policy is not a policy document.")
    kept = vars(backend).setdefault(_POLICY, {"Id": f"rp-{secrets.token_hex(4)}"})
    kept["Content"] = content
    return _policy(exchange, backend)


def _policy(_: Exchange, backend: OrganizationsBackend) -> Mapping[str, Any]:
    kept = vars(backend).get(_POLICY)
    if kept is None or backend.org is None:
        raise ApiError("ResourcePolicyNotFoundException", "The organization has no resource policy.")
    place = f"arn:{backend.partition}:organizations::{backend.account_id}:resourcepolicy/{backend.org.id}/{kept['Id']}"
    summary = {"Id": kept["Id"], "Arn": place}
    return {"ResourcePolicy": {"ResourcePolicySummary": summary, "Content": kept["Content"]}}


def _delete_policy(exchange: Exchange, backend: OrganizationsBackend) -> Mapping[str, Any]:
    _policy(exchange, backend)
    del vars(backend)[_POLICY]
    return {}


_OPERATIONS: Final[Mapping[str, Callable[[Exchange, OrganizationsBackend], Mapping[str, Any]]]] = {
    "DeleteResourcePolicy": _delete_policy,
    "DescribeResourcePolicy": _policy,
    "PutResourcePolicy": _put_policy,
}
