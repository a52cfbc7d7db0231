"""Organizations' part of the front: moto answers, and the role in a new account is an administrator, as on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moto.iam.models import IAMBackend, iam_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.iam.policies_of_aws import administrator

if TYPE_CHECKING:
    from cloudmend.local.front import Exchange
    from cloudmend.local.messages import ApiResponse

_ROLE: Final = "OrganizationAccountAccessRole"


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call of Organizations. moto gives the role of a new account a trust policy, and no rights."""
    response = exchange.forward()
    result = exchange.call.result(response) if exchange.call else None
    if exchange.call is None or result is None or exchange.request.operation != "CreateAccount":
        return response
    account = result["CreateAccountStatus"]["AccountId"]
    backend: IAMBackend = iam_backends[account][partition_of(exchange.request.region).id]
    role = backend.get_role(exchange.call.params.get("RoleName", _ROLE))
    administrator(backend).attach_to(role)
    return response
