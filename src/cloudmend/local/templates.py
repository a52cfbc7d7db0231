"""Templates before moto makes stacks of them: read, checked, and transformed.

The parameters are held to the constraints that the template declares. moto 5.2.5 checks none of them. The transform
AWS::Serverless-2016-10-31, which moto ignores, is applied as CloudFormation applies it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped]
import yaml
from moto.cloudformation.utils import get_stack_from_s3_url
from moto.s3.exceptions import S3ClientError
from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
from samtranslator.metrics.metrics import Metrics
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import intrinsics_multi_constructor

from cloudmend.core.partitions import partition_of
from cloudmend.local.messages import ApiError
from cloudmend.local.resources import is_supported
from cloudmend.local.runtime.process import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


# What each constraint asks of a value, both as the template and the request spell them.
_CONSTRAINTS: Mapping[str, Callable[[str, Any], bool]] = {
    "AllowedValues": lambda value, allowed: value in {str(each) for each in allowed},
    "AllowedPattern": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "MinLength": lambda value, length: len(value) >= int(length),
    "MaxLength": lambda value, length: len(value) <= int(length),
    "MinValue": lambda value, least: float(value) >= float(least),
    "MaxValue": lambda value, most: float(value) <= float(most),
}
_TRANSFORM = "AWS::Serverless-2016-10-31"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the fast one, where there is libyaml
    """SAM's loader of templates, with its short forms of functions, such as !Ref."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


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
        template = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:
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


def check_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Raises ApiError for a value that the template does not allow, or does not know."""
    declared = template.get("Parameters", {})
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        raise ApiError("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name in given:
        _check(name, given[name], declared[name])


def _check(name: str, value: str, declaration: Mapping[str, Any]) -> None:
    if declaration.get("Type") == "Number" and not _is_number(value):
        raise ApiError("ValidationError", f"Parameter '{name}' must be a number.")
    for constraint, holds in _CONSTRAINTS.items():
        if constraint in declaration and not holds(value, declaration[constraint]):
            reason = declaration.get("ConstraintDescription", f"{constraint} is {declaration[constraint]}")
            raise ApiError("ValidationError", f"Parameter '{name}' failed to satisfy constraint: {reason}")


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def is_serverless(template: Mapping[str, Any]) -> bool:
    """Return whether the template asks for the transform."""
    declared = template.get("Transform", ())
    return _TRANSFORM in ([declared] if isinstance(declared, str) else declared)


def transform(template: dict[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """The CloudFormation template that a SAM template stands for. Raises ApiError with SAM's own reasons.

    Offline: the ARNs of AWS's managed policies are those that come with the translator.
    """
    # All that the translator wants of the session is its Region; without one it reads the machine's settings.
    session = boto3.Session(region_name=region)
    metrics, managed = Metrics(), get_bundled_managed_policy_map(partition_of(region).id)
    translator = Translator(managed, Parser(), boto_session=session, metrics=metrics)
    try:
        plain: dict[str, Any] = translator.translate(template, parameter_values=dict(parameters))
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise ApiError("ValidationError", f"Transform {_TRANSFORM} failed with: {causes}") from error
    finally:
        metrics.publish()  # to nowhere; unpublished ones are a warning on standard error
    return plain
