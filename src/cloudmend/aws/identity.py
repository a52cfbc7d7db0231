"""The caller's identity, and the AWS that answers: AWS itself, or a server that an endpoint setting names."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.loaders import Loader
from msgspec import Struct

from cloudmend.aws.errors import translated
from cloudmend.core.loopback import START

# IAM actions: all that its requests use, and no other. No policy can forbid it, so no role holds it.
PERMISSIONS: Final = frozenset({"sts:GetCallerIdentity"})

_THIS_MACHINE: Final = ("127.0.0.1", "::1")


class Identity(Struct, frozen=True):
    """The caller as STS knows it, and where that was answered.

    `endpoint` is host and port of a server that is not AWS's own, else empty. `start` names one start of the embedded
    AWS, which forgets everything when it stops; it is empty for all others.
    """

    arn: str
    account: str
    endpoint: str = ""
    start: str = ""


def identify(sts: Any) -> Identity:
    """Ask a botocore client of STS. No policy can forbid the call. Raises AwsError."""
    with translated("sts:GetCallerIdentity", sts.meta.region_name):
        answer = sts.get_caller_identity()
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    return Identity(answer["Arn"], answer["Account"], other_endpoint(sts.meta.endpoint_url), headers.get(START, ""))


def other_endpoint(url: str) -> str:
    """Return the host and port of an endpoint, or an empty text if it is AWS's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(_suffixes()):
        return ""
    host = "localhost" if host in _THIS_MACHINE else host
    return f"{host}:{parts.port}" if parts.port else host


@cache
def _suffixes() -> tuple[str, ...]:
    """Return how the names of AWS's own servers end, in all partitions, VPC endpoints included."""
    outputs = [partition["outputs"] for partition in Loader().load_data("partitions")["partitions"]]
    return tuple(f".{each[name]}" for each in outputs for name in ("dnsSuffix", "dualStackDnsSuffix"))
