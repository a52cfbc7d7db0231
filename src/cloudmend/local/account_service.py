"""Account Management's part of the front: contacts are moto's. Who may ask about a member account is checked here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.organizations.models import organizations_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.ec2.regions import opted_in
from cloudmend.local.messages import ApiError, ApiResponse, json_answer
from cloudmend.local.organizations_service import is_delegated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudmend.local.front import Exchange

_SERVICE: Final = "account.amazonaws.com"
_PAGE: Final = 50


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call. Raises ApiError."""
    params = exchange.call.params if exchange.call else {}
    if account := params.get("AccountId"):
        _check(exchange, account)
    if exchange.request.operation != "ListRegions":
        return exchange.forward()
    return json_answer(_regions(partition_of(exchange.request.region).id, params), "json")


def _check(exchange: Exchange, account: str) -> None:
    """Raise ApiError unless a caller may name an account: a member, to the management account or its delegate."""
    caller, partition = exchange.principal.account, partition_of(exchange.request.region).id
    master, _ = organizations_backends.master_accounts.get(account, ("", partition))
    backend = organizations_backends[master][partition] if master else None
    if backend is None or (caller != master and not is_delegated(caller, backend, _SERVICE)):
        words = f"User: {exchange.principal.arn} is not authorized to perform: account:{exchange.request.operation}"
        raise ApiError("AccessDeniedException", f"{words} for the account {account}.", 403)


def _regions(partition: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    wanted = params.get("RegionOptStatusContains")
    rows = [
        {"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT" if is_open else "DISABLED"}
        for name, is_open in opted_in(partition).items()
    ]
    shown = [row for row in rows if not wanted or row["RegionOptStatus"] in wanted]
    first, size = int(params.get("NextToken") or 0), params.get("MaxResults", _PAGE)
    more = {"NextToken": str(first + size)} if first + size < len(shown) else {}
    return {"Regions": shown[first : first + size], **more}
