"""RDS's part of the front: moto keeps the DB snapshots, but shares even what is encrypted, and with any word.

The codes are documented, but for that of an encrypted snapshot; the words are ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.rds.models import rds_backends

from cloudmend.local.api_calls import modelled
from cloudmend.local.messages import ApiError

if TYPE_CHECKING:
    from cloudmend.local.front import Exchange
    from cloudmend.local.messages import ApiResponse

_SHARES_WITH = re.compile(r"all|[0-9]{12}")
_KINDS = {"ModifyDBSnapshotAttribute": "DBSnapshot", "ModifyDBClusterSnapshotAttribute": "DBClusterSnapshot"}


def answer(exchange: Exchange) -> ApiResponse:
    """moto's answer to what RDS accepts. Raises ApiError."""
    if kind := _KINDS.get(exchange.request.operation):
        _check(exchange, kind)
    return exchange.forward()


def _check(exchange: Exchange, kind: str) -> None:
    call = modelled(exchange.request)
    params = call.params if call else {}
    added = params.get("ValuesToAdd", ())
    for value in (*added, *params.get("ValuesToRemove", ())):
        if not _SHARES_WITH.fullmatch(value):
            raise ApiError("InvalidParameterValue", f"{value} is neither an account id nor all.")
    backend = rds_backends[exchange.principal.account][exchange.request.region]
    snapshots = backend.database_snapshots if kind == "DBSnapshot" else backend.cluster_snapshots
    snapshot = snapshots.get(str(params.get(f"{kind}Identifier", "")).lower())
    if snapshot and snapshot.encrypted and "all" in added:
        raise ApiError("InvalidParameterValue", f"The snapshot {snapshot.resource_id} is encrypted: not for all.")
