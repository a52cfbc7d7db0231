"""RDS's DB instances: moto keeps them, but changes them at once, in any state, and with what should wait.

A DB instance is creating or modifying until it is described for the second time since (underway.py). Other changes than
those of PubliclyAccessible wait for the maintenance window, which never comes here, or for ApplyImmediately. The codes
are documented; the words are ours.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from moto.core.utils import get_service_model
from moto.rds.models import rds_backends

from cloudmend.local import rds_snapshots, underway
from cloudmend.local.messages import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.rds.models import DBInstance

    from cloudmend.local.front import Exchange
    from cloudmend.local.messages import ApiResponse

_ID, _FLAG, _NOW = "DBInstanceIdentifier", "PubliclyAccessible", "ApplyImmediately"
_PRIVATE = ("aurora", "docdb", "neptune")  # the engines whose instances are private unless the call says otherwise
_CREATES = (
    "CreateDBInstance",
    "CreateDBInstanceReadReplica",
    "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceToPointInTime",
)
_MAKES_CLUSTER = "CreateDBCluster"
_READY = b"<DBInstanceStatus>available<"


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call. Raises ApiError."""
    operation, form = exchange.request.operation, _form(exchange)
    if operation == "ModifyDBInstance" and (found := _instances(exchange).get(form.get(_ID, ""))):
        return _modified(exchange, form, found)
    if operation == "DescribeDBInstances":
        _described(exchange, form)
    answered = rds_snapshots.answer(_with(exchange, _decided(form, operation)))
    if operation not in _CREATES or answered.error_code is not None:
        return answered
    _begin(_instances(exchange)[form.get(f"Target{_ID}") or form[_ID]], "creating", {})
    return replace(answered, body=answered.body.replace(_READY, b"<DBInstanceStatus>creating<"))


def _form(exchange: Exchange) -> dict[str, str]:
    """Return the parameters of a call. RDS stores the ids of DB instances in lower case."""
    form = dict(parse_qsl(exchange.request.body.decode(), keep_blank_values=True))
    return {name: value.lower() if name in (_ID, f"Target{_ID}") else value for name, value in form.items()}


def _described(exchange: Exchange, form: Mapping[str, str]) -> None:
    for name, each in list(_instances(exchange).items()):
        if form.get(_ID, name) == name:
            underway.described(each)


def _with(exchange: Exchange, form: Mapping[str, str]) -> Exchange:
    """Return the exchange as if the call had this form."""
    return replace(exchange, request=replace(exchange.request, body=urlencode(form).encode()))


def _instances(exchange: Exchange) -> Mapping[str, DBInstance]:
    found: Mapping[str, DBInstance] = rds_backends[exchange.principal.account][exchange.request.region].databases
    return found


def _decided(form: dict[str, str], operation: str) -> dict[str, str]:
    """Return a form; of a creation, with the flag that RDS chooses: public in the default subnets, but for Aurora."""
    if operation not in (*_CREATES, _MAKES_CLUSTER):
        return form
    engine = form.get("Engine", "")
    is_private = engine.startswith(_PRIVATE) or form.get("DBSubnetGroupName", "default") != "default"
    if operation == _MAKES_CLUSTER and "DBClusterInstanceClass" not in form:  # no Multi-AZ DB cluster
        return form
    return {_FLAG: str(not is_private).lower(), **form}


def _modified(exchange: Exchange, form: dict[str, str], found: DBInstance) -> ApiResponse:
    """Answer ModifyDBInstance. Raises ApiError."""
    if found.status != "available":
        raise ApiError("InvalidDBInstanceState", f"Database instance {form[_ID]} is {found.status}, and not available.")
    pending: dict[str, str] = {**vars(found).get("pending_modified_values", {})}
    waiting = get_service_model("rds").shape_for("PendingModifiedValues").members.keys() - {_ID}
    pending |= {name: value for name, value in form.items() if name in waiting}
    rest = {name: value for name, value in form.items() if name not in {*waiting, _FLAG}}
    if form.get(_NOW) == "true":
        rest, pending = {**rest, **pending}, {}
    vars(found)["pending_modified_values"] = pending
    if _FLAG in form:
        _begin(found, "modifying", {"publicly_accessible": form[_FLAG] == "true"})
    return _with(exchange, rest).forward()


def _begin(found: DBInstance, status: str, change: Mapping[str, Any]) -> None:
    found.status = status
    underway.begin(found, partial(vars(found).update, {**change, "status": "available"}))
