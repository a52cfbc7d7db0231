"""EMR's block public access: moto remembers that it is on, but not that it is off. The rest of EMR is moto's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.emr.models import emr_backends

from cloudmend.local.clock import CLOCK
from cloudmend.local.messages import ApiError, ApiResponse, json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudmend.local.front import Exchange

_WHOLE = "BlockPublicAccessConfiguration"
_FLAG, _RANGES = "BlockPublicSecurityGroupRules", "PermittedPublicSecurityGroupRuleRanges"
# What an account has whose first cluster came after July 2019, until it sets something else.
_FIRST = {_FLAG: True, _RANGES: [{"MinRange": 22, "MaxRange": 22}]}
_LAST_PORT = 65535


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call. Raises ApiError."""
    operation = exchange.request.operation
    kept = vars(emr_backends[exchange.principal.account][exchange.request.region])
    made_by = {"CreatedByArn": exchange.principal.arn, "CreationDateTime": CLOCK.now().timestamp()}
    if operation == "PutBlockPublicAccessConfiguration":
        kept["block"] = (_checked(json.loads(exchange.request.body)), made_by)
        return json_answer({})
    if operation == "GetBlockPublicAccessConfiguration":
        found, metadata = kept.get("block", (_FIRST, made_by))
        return json_answer({_WHOLE: found, f"{_WHOLE}Metadata": metadata})
    return exchange.forward()


def _checked(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration that a call sets."""
    given = params.get(_WHOLE)
    if not isinstance(given, dict) or not isinstance(given.get(_FLAG), bool):
        raise ApiError("InvalidRequestException", f"{_WHOLE} needs {_FLAG}.")
    for each in given.get(_RANGES, ()):
        first = each.get("MinRange")
        if first is None or not 0 <= first <= each.get("MaxRange", first) <= _LAST_PORT:
            raise ApiError("InvalidRequestException", f"{each} is not a range of ports.")
    return {_RANGES: [], **given}
