"""The transform AWS::Serverless-2016-10-31, applied here as CloudFormation applies it. moto ignores it silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped]
from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
from samtranslator.metrics.metrics import Metrics
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from cloudmend.core.partitions import partition_of
from cloudmend.local.messages import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRANSFORM = "AWS::Serverless-2016-10-31"


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
