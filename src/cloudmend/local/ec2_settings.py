"""EC2's settings of an account in a Region, which moto lacks: sharing, encryption, metadata, the serial console."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from moto.ec2.models import ec2_backends

from cloudmend.local.clock import CLOCK
from cloudmend.local.ec2.checks import Ec2Error, invalid, missing

Answer = Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]  # of an account, a Region, and parameters

_BY_ACCOUNT: Final = {"ManagedBy": "account"}
_MODES: Final = ("off", "block-ingress", "block-bidirectional")
_SHARING: Final = ("block-new-sharing", "block-all-sharing")
_METADATA: Final = {
    "HttpTokens": ("optional", "required", "no-preference"),
    "HttpEndpoint": ("disabled", "enabled", "no-preference"),
    "InstanceMetadataTags": ("disabled", "enabled", "no-preference"),
    "HttpTokensEnforced": ("disabled", "enabled", "no-preference"),
}
_NO_PREFERENCE: Final = ("no-preference", -1)
_MOST_HOPS: Final = 64


def settings(account: str, region: str) -> dict[str, Any]:
    """Return the settings of an account in a Region; they may be changed in place."""
    defaults = {
        "snapshots": "unblocked",
        "images": "unblocked",
        "console": False,
        "metadata": {},
        "mode": "off",
        "changed": None,
        "key": "alias/aws/ebs",
    }
    found: dict[str, Any] = vars(ec2_backends[account][region]).setdefault("account_settings", defaults)
    return found


def refuse_sharing(account: str, region: str, kind: str) -> None:
    """Raise Ec2Error if block public access is on for a kind of resource: "snapshots" or "images"."""
    if settings(account, region)[kind] != "unblocked":
        message = f"You cannot share {kind} publicly: block public access is on for them in this Region."
        raise Ec2Error("OperationNotPermitted", message)


def _blocked(kind: str, key: str, account: str, region: str, _: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: settings(account, region)[kind], **_BY_ACCOUNT}


def _block(kind: str, key: str, account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    state = params.get(key)
    if state is None:
        raise missing(key)
    if state not in (_SHARING if kind == "snapshots" else _SHARING[:1]):
        raise invalid(f"Value ({state}) for parameter {key} is invalid.")
    settings(account, region)[kind] = state
    return {key: state}


def _unblock(kind: str, key: str, account: str, region: str, _: Mapping[str, Any]) -> Mapping[str, Any]:
    settings(account, region)[kind] = "unblocked"
    return {key: "unblocked"}


def _console(account: str, region: str, _: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"SerialConsoleAccessEnabled": settings(account, region)["console"], **_BY_ACCOUNT}


def _set_console(is_on: bool, account: str, region: str, _: Mapping[str, Any]) -> Mapping[str, Any]:
    settings(account, region)["console"] = is_on
    return {"SerialConsoleAccessEnabled": is_on}


def _metadata(account: str, region: str, _: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"AccountLevel": {**settings(account, region)["metadata"], **_BY_ACCOUNT}}


def _set_metadata(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change the defaults that are named, and no other."""
    for key, values in _METADATA.items():
        if key in params and params[key] not in values:
            raise invalid(f"Value ({params[key]}) for parameter {key} is invalid.")
    hops = params.get("HttpPutResponseHopLimit", -1)
    if hops != -1 and not 1 <= hops <= _MOST_HOPS:
        raise invalid(f"Value ({hops}) for parameter HttpPutResponseHopLimit is invalid.")
    kept = {**settings(account, region)["metadata"], **{key: params[key] for key in params if key != "DryRun"}}
    settings(account, region)["metadata"] = {key: value for key, value in kept.items() if value not in _NO_PREFERENCE}
    return {"Return": True}


def _key(account: str, region: str, _: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"KmsKeyId": settings(account, region)["key"]}


def _set_key(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    settings(account, region)["key"] = params["KmsKeyId"]
    return {"KmsKeyId": params["KmsKeyId"]}


def _options(account: str, region: str, _: Mapping[str, Any]) -> Mapping[str, Any]:
    found = settings(account, region)
    row = {
        "AwsAccountId": account,
        "AwsRegion": region,
        "State": "update-complete" if found["changed"] else "default-state",
        "InternetGatewayBlockMode": found["mode"],
        "ExclusionsAllowed": "allowed",
        **_BY_ACCOUNT,
        **({"LastUpdateTimestamp": found["changed"]} if found["changed"] else {}),
    }
    return {"VpcBlockPublicAccessOptions": row}


def _set_options(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    mode = params.get("InternetGatewayBlockMode")
    if mode not in _MODES:
        raise invalid(f"Value ({mode}) for parameter InternetGatewayBlockMode is invalid.")
    found = settings(account, region)
    found["mode"], found["changed"] = mode, CLOCK.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return _options(account, region, params)


_IMAGES: Final = "ImageBlockPublicAccessState"
OPERATIONS: Mapping[str, Answer] = {
    "DescribeVpcBlockPublicAccessOptions": _options,
    "DisableImageBlockPublicAccess": partial(_unblock, "images", _IMAGES),
    "DisableSerialConsoleAccess": partial(_set_console, False),
    "DisableSnapshotBlockPublicAccess": partial(_unblock, "snapshots", "State"),
    "EnableImageBlockPublicAccess": partial(_block, "images", _IMAGES),
    "EnableSerialConsoleAccess": partial(_set_console, True),
    "EnableSnapshotBlockPublicAccess": partial(_block, "snapshots", "State"),
    "GetEbsDefaultKmsKeyId": _key,
    "GetImageBlockPublicAccessState": partial(_blocked, "images", _IMAGES),
    "GetInstanceMetadataDefaults": _metadata,
    "GetSerialConsoleAccessStatus": _console,
    "GetSnapshotBlockPublicAccessState": partial(_blocked, "snapshots", "State"),
    "ModifyEbsDefaultKmsKeyId": _set_key,
    "ModifyInstanceMetadataDefaults": _set_metadata,
    "ModifyVpcBlockPublicAccessOptions": _set_options,
}
