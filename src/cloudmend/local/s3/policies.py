"""The policies that S3 takes for a bucket, and the words with which it refuses others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cloudmend.local.messages import ApiError

_MOST: Final = 20 * 1024  # bytes
_PARTS: Final = (("Effect",), ("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_PRINCIPAL: Final = re.compile(r"\*|\d{12}|arn:[\w-]+:(iam|sts)::(\d{12}|\*):.+", re.ASCII)


def checked(text: str, bucket: str) -> Mapping[str, Any]:
    """Return a policy for a bucket. Raises ApiError, as S3 does for one that it does not take."""
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    if len(text.encode()) > _MOST:
        raise _malformed("The policy exceeds the maximum allowed document size.")
    statements = [*_each(policy.get("Statement", ()))]
    if not statements:
        raise _malformed("Could not parse the policy: Statement is empty!")
    for each in statements:
        _check_statement(each, bucket)
    sids = [each["Sid"] for each in statements if each.get("Sid")]
    if len({*sids}) < len(sids):
        raise _malformed("Statement IDs (SID) in a single policy must be unique.")
    return policy


def _check_statement(statement: Any, bucket: str) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("Invalid effect in policy")
    for names in _PARTS:
        if not any(name in statement for name in names):
            raise _malformed(f"Missing required field {names[0]}")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    named = principal.get("AWS", ()) if isinstance(principal, dict) else principal
    if not all(_PRINCIPAL.fullmatch(str(each)) for each in _each(named)):
        raise _malformed("Invalid principal in policy")
    for each in _each(statement.get("Resource", statement.get("NotResource"))):
        if each != "*" and not re.fullmatch(rf"arn:[\w-]+:s3:::{re.escape(bucket)}(/.*)?", str(each), re.DOTALL):
            raise _malformed("Policy has invalid resource")


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _malformed(message: str) -> ApiError:
    return ApiError("MalformedPolicy", message)
