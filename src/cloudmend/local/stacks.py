"""CloudFormation's part of the front: a stack is moto's, of a template that is made plain first."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET

from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import OutputMap

from cloudmend.local.clock import CLOCK
from cloudmend.local.messages import ApiError
from cloudmend.local.resources.of_ec2 import CALLER
from cloudmend.local.templates import plain_template, template_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from moto.cloudformation.models import ChangeSet, Stack

    from cloudmend.local.front import Exchange
    from cloudmend.local.functions import Functions
    from cloudmend.local.messages import ApiRequest, ApiResponse

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
# The operations that bring a template.
_TEMPLATE_OPERATIONS = frozenset({"CreateStack", "UpdateStack", "CreateChangeSet"})


class CloudFormationService:
    """CloudFormation's part of the front: templates are made plain, and deleted functions end.

    EventBridge gets an event when a stack has been created or updated. Here that takes no time. No other event is sent.
    """

    def __init__(self, functions: Functions, put_event: Callable[[Mapping[str, Any]], None]) -> None:
        self._functions = functions
        self._put_event = put_event
        self._originals: dict[str, str] = {}

    def __call__(self, exchange: Exchange) -> ApiResponse:
        caller = CALLER.set(exchange.principal)
        try:
            return self._answer(exchange)
        finally:
            CALLER.reset(caller)

    def _answer(self, exchange: Exchange) -> ApiResponse:
        form = _form(exchange.request)
        if exchange.request.operation == "DescribeStackResources" and "PhysicalResourceId" in form:
            response = exchange.forward(_with_the_stack_of(form, exchange))
        elif exchange.request.operation in _TEMPLATE_OPERATIONS:
            response = exchange.forward(self._with_plain_template(form, exchange))
        else:
            response = exchange.forward()
        if exchange.request.operation == "GetTemplate" and form.get("TemplateStage") != "Processed":
            response = self._with_original(response)
        if response.error_code is None and (stack := _deployed(form, exchange)):
            self._put_event(_status_change(stack, exchange))
        self._functions.prune()
        return response

    def _with_plain_template(self, form: dict[str, str], exchange: Exchange) -> bytes | None:
        """Return the form with a template that moto understands; None to forward the form as it is."""
        text = template_text(form, exchange.principal.account, exchange.request.region)
        if text is None:
            return None
        # moto refuses a change set whose template is the stack's to the letter, where CloudFormation makes one that
        # FAILED; with other letters (blanks, here) moto does as well.
        plain = plain_template(text, _parameters(form, exchange), exchange.request.region) + " " * len(self._originals)
        self._originals[plain] = text
        form.pop("TemplateURL", None)
        return urlencode(form | {"TemplateBody": plain}).encode()

    def _with_original(self, response: ApiResponse) -> ApiResponse:
        """Return moto's answer to GetTemplate with the original template: `sam delete` needs it to find its upload."""
        document = ET.fromstring(response.body)  # noqa: S314 moto wrote it
        for body in document.iter(f"{{{_NAMESPACE}}}TemplateBody"):
            body.text = self._originals.get(body.text or "", body.text)
        return replace(response, body=ET.tostring(document))


def _deployed(form: Mapping[str, str], exchange: Exchange) -> Stack | None:
    """Return the stack that a call has created or updated; None for any other call."""
    backend = cloudformation_backends[exchange.principal.account][exchange.request.region]
    if exchange.request.operation == "ExecuteChangeSet":
        change_set = cast("ChangeSet", backend.describe_change_set(form["ChangeSetName"]))
        _refresh(change_set)
        return change_set.stack
    if exchange.request.operation in ("CreateStack", "UpdateStack"):
        return backend.get_stack(form["StackName"])
    return None


def _status_change(stack: Stack, exchange: Exchange) -> Mapping[str, Any]:
    """Return CloudFormation's own event of a stack, with its envelope."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "CloudFormation Stack Status Change",
        "source": "aws.cloudformation",
        "account": exchange.principal.account,
        "time": f"{CLOCK.now():%Y-%m-%dT%H:%M:%SZ}",
        "region": exchange.request.region,
        "resources": [stack.stack_id],
        "detail": {
            "stack-id": stack.stack_id,
            "status-details": {"status": stack.status, "status-reason": ""},
            "client-request-token": "",
        },
    }


def _form(request: ApiRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def _with_the_stack_of(form: Mapping[str, str], exchange: Exchange) -> bytes:
    """Return the form with the name of the stack of the resource: moto finds no stack by a resource."""
    physical_id = form["PhysicalResourceId"]
    for stack in cloudformation_backends[exchange.principal.account][exchange.request.region].stacks.values():
        if any(getattr(each, "physical_resource_id", "") == physical_id for each in stack.stack_resources):
            return urlencode({**form, "StackName": stack.name}).encode()
    raise ApiError("ValidationError", f"Stack for {physical_id} does not exist")


def _parameters(form: Mapping[str, str], exchange: Exchange) -> dict[str, str]:
    """Parameters as given (Parameters.member.1.ParameterKey and .ParameterValue), or as the stack has them."""
    names = {key.rpartition(".")[0]: name for key, name in form.items() if key.endswith(".ParameterKey")}
    stacks = cloudformation_backends[exchange.principal.account][exchange.request.region].stacks.values()
    previous = next((stack.stack_parameters for stack in stacks if stack.name == form.get("StackName")), {})
    values = {name: form.get(f"{member}.ParameterValue", previous.get(name)) for member, name in names.items()}
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    """Return a parameter's value as a request spells it; moto keeps numbers and lists."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _refresh(change_set: ChangeSet) -> None:
    """Update the parameters and outputs of a stack: moto 5.2.5 runs a change set on its resources only.

    The stack keeps the parameters with their defaults, because moto compares the next change set with all of them.
    """
    stack = change_set.stack
    stack.template_dict = change_set.template_dict
    stack.parameters = stack.resource_map.input_parameters = dict(stack.resource_map.resolved_parameters)
    stack.description = stack.template_dict.get("Description")
    stack.output_map = OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)
