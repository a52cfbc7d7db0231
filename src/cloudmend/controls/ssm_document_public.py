"""An SSM document that every AWS account may read and run.

A document is shared with every account, or with accounts that are named, but not with both. The undo shares the version
that was shared before: the default version, the latest one, or all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.controls.families.shared import shared_with_everybody, turned
from cloudmend.controls.resource_types import DOCUMENT
from cloudmend.core.contract import NoSettings, Parts, State, Trigger, lists, rights
from cloudmend.core.events import items
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call, Reader

_ALL: Final = "document"  # its one part: whether it is shared with every account
_GONE: Final = "InvalidDocument"
_AT: Final = ("request.name",)
_SHARED: Final = {"PermissionType": "Share"}
_DEFAULT: Final = "$DEFAULT"  # the version that AWS shares if a call names none


def _read(document: Resource, reader: Reader, _: NoSettings) -> State | None:
    """Read the version that is shared with every account; False: none is."""
    answer = reader.get(Call("ssm", "DescribeDocumentPermission", {"Name": document.id, **_SHARED}), {_GONE: None})
    if answer is None:
        return None
    versions = {_word(row["AccountId"]): row.get("SharedDocumentVersion") for row in answer["AccountSharingInfoList"]}
    return State({_ALL: (versions.get("all") or _DEFAULT) if "all" in map(_word, answer["AccountIds"]) else False})


def _word(account: str) -> str:
    """Return the spelling that is compared: AWS takes the word in any case."""
    return account.lower()


def _put(document: Resource, _: str, __: Any, then: Any) -> Call:
    version = {"SharedDocumentVersion": then} if then else {}
    change = {"AccountIdsToAdd" if then else "AccountIdsToRemove": ["all"], **version}
    return Call("ssm", "ModifyDocumentPermission", {"Name": document.id, **_SHARED, **change})


def _says(call: ApiCall) -> Parts:
    if call.name == "DeleteDocument":
        return {_ALL: False}
    added, removed = (
        "all" in map(_word, items(call.request.get(key))) for key in ("accountIdsToAdd", "accountIdsToRemove")
    )
    # An id that a call adds and removes is removed.
    return turned(_ALL, on=added and not removed, off=removed)


def _witness(document: Resource) -> str:
    arn = DOCUMENT.arn_of(document.id, document.account, document.region)
    return f"aws ssm get-document --region {document.region} --name {arn}"


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    own = Call("ssm", "ListDocuments", {"Filters": [{"Key": "Owner", "Values": ["Self"]}]})
    return (row["Name"] for row in reader.rows(own, "DocumentIdentifiers"))


CONTROL: Final = shared_with_everybody(
    id="ssm_document_public",
    title="An SSM document is shared with every AWS account",
    references=("Security Hub SSM.4",),
    advice="In Terraform, remove All from account_ids in permissions of the aws_ssm_document.",
    resource=DOCUMENT,
    triggers=(Trigger("ssm.amazonaws.com", "ModifyDocumentPermission", _AT),),
    follows=(Trigger("ssm.amazonaws.com", "DeleteDocument", _AT),),
    says=_says,
    reads=(*rights("ssm:DescribeDocumentPermission"), *lists("ssm:ListDocuments")),
    writes=rights("ssm:ModifyDocumentPermission"),
    undoes=rights("ssm:ModifyDocumentPermission"),
    read=_read,
    put=_put,
    every=_every,
    may="read and run it",
    witness=_witness,
    errors={_GONE: "settled"},
)
