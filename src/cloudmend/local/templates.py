"""Templates, before moto makes a stack of one: read, checked, and transformed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from moto.cloudformation.utils import get_stack_from_s3_url
from moto.s3.exceptions import S3ClientError
from samtranslator.yaml_helper import yaml_parse

from cloudmend.core.partitions import partition_of
from cloudmend.local.machine import refusal
from cloudmend.local.messages import ApiError
from cloudmend.local.parameters import check_parameters
from cloudmend.local.resources import is_supported
from cloudmend.local.sam import is_serverless, transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def plain_template(text: str, parameters: Mapping[str, str], region: str) -> str:
    """The template as JSON that moto understands, transformed if it asks for that.

    Raises ApiError for a template that CloudFormation refuses, or that the embedded AWS could not honour.
    """
    template = _parsed(text)
    _refuse_nulls(template)
    check_parameters(template, parameters)
    plain = transform(template, parameters, region) if is_serverless(template) else template
    _refuse_unsupported(plain)
    _refuse_what_cannot_run(plain, parameters)
    return json.dumps(plain, default=str)


def template_text(form: Mapping[str, str], account: str, region: str) -> str | None:
    """The template of a request; None where it means the previous one, or has forgotten it."""
    url = form.get("TemplateURL")
    if url is None:
        return form.get("TemplateBody")
    try:
        return get_stack_from_s3_url(url, account, partition_of(region).id)
    except (S3ClientError, AttributeError) as error:
        raise ApiError("ValidationError", f"S3 error: the template {url} cannot be read") from error


def _parsed(text: str) -> dict[str, Any]:
    try:
        template = yaml_parse(text)
    except yaml.YAMLError as error:
        raise ApiError("ValidationError", f"Template format error: {error}") from error
    if not isinstance(template, dict):
        raise ApiError("ValidationError", "Template format error: unsupported structure.")
    return template


def _refuse_nulls(template: Mapping[str, Any]) -> None:
    """CloudFormation has no null; moto drops it in silence, and an event pattern would change its meaning."""
    path = next(_nulls(template, ""), None)
    if path is not None:
        raise ApiError("ValidationError", f"[{path}] 'null' values are not allowed in templates")


def _nulls(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _nulls(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nulls(inner, f"{path}/{index}")


def _refuse_unsupported(template: Mapping[str, Any]) -> None:
    """moto makes the rest of the stack without a word about a type that it does not know."""
    for name, resource in template.get("Resources", {}).items():
        if not is_supported(resource["Type"]):
            reason = f"the embedded AWS has no {resource['Type']}: it would not be created"
            raise ApiError("ValidationError", f"Template error: resource {name} cannot be deployed here: {reason}")


def _refuse_what_cannot_run(template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
    """Before anything is made: a function that fails at every event would look like a deployment that succeeded."""
    defaults = {name: each.get("Default") for name, each in template.get("Parameters", {}).items()}
    values = {**defaults, **parameters}

    def resolved(value: Any) -> Any:
        return values.get(value["Ref"], value) if isinstance(value, dict) and "Ref" in value else value

    for name, resource in template.get("Resources", {}).items():
        if resource["Type"] == "AWS::Lambda::Function" and "Condition" not in resource:
            properties = resource.get("Properties", {})
            runtime, architectures = resolved(properties.get("Runtime")), properties.get("Architectures")
            if reason := refusal(name, runtime, [resolved(each) for each in architectures or ()]):
                raise ApiError("ValidationError", f"Template error: {reason}")
