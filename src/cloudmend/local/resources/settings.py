"""Types that are settings of a function, a queue or a metric."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import EventInvokeConfig
from moto.awslambda.utils import get_backend
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import iso_8601_datetime_with_nanoseconds
from moto.sqs.models import sqs_backends

from cloudmend.local.resources.base import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FunctionPermission(Setting):
    """moto: without an id, and its statement outlives it."""

    TYPE = "AWS::Lambda::Permission"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:
        function = get_backend(account, region).get_function(properties["FunctionName"])
        function.policy.add_statement(json.dumps({**properties, "StatementId": name}))

        def undo() -> None:
            with suppress(LambdaClientError):
                function.policy.del_statement(name)

        return undo


class FunctionEventInvokeConfig(Setting):
    """moto: unknown to its CloudFormation."""

    TYPE = "AWS::Lambda::EventInvokeConfig"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:  # noqa: ARG003 moto gives no name
        function = get_backend(account, region).get_function(properties["FunctionName"])
        integers = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        settings = {key: int(properties[key]) for key in integers if key in properties}
        if "DestinationConfig" in properties:
            settings["DestinationConfig"] = properties["DestinationConfig"]
        now = iso_8601_datetime_with_nanoseconds()
        function.event_invoke_config = [EventInvokeConfig(function.function_arn, now, settings)]
        return function.event_invoke_config.clear


class FunctionEventSource(Setting):
    """moto: calls its own Lambda from the queue, in a container. Here `queue_service` takes the messages."""

    TYPE = "AWS::Lambda::EventSourceMapping"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:  # noqa: ARG003 moto gives no name
        backend = get_backend(account, region)
        mapping = backend.create_event_source_mapping(dict(properties))
        for queue in sqs_backends[account][region].queues.values():
            queue.lambda_event_source_mappings.pop(mapping.function_arn, None)

        def undo() -> None:
            backend.delete_event_source_mapping(mapping.uuid)

        return undo


class QueuePolicy(Setting):
    """moto: unknown to its CloudFormation, so that nobody could be let in."""

    TYPE = "AWS::SQS::QueuePolicy"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:  # noqa: ARG003 moto gives no name
        known = sqs_backends[account][region].queues
        queues = [known[url.rpartition("/")[2]] for url in properties["Queues"]]

        def set_policy(policy: str | None) -> None:
            for queue in queues:
                queue.policy = policy

        set_policy(json.dumps(properties["PolicyDocument"]))
        return lambda: set_policy(None)


class Alarm(Setting):
    """moto: unknown to its CloudFormation. Kept to be described: nothing is measured, so it never goes off."""

    TYPE = "AWS::CloudWatch::Alarm"
    NAME_PROPERTY = "AlarmName"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:
        backend = cloudwatch_backends[account][region]
        backend.put_metric_alarm(
            name=name,
            namespace=properties.get("Namespace", ""),
            metric_name=properties.get("MetricName", ""),
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=int(properties["EvaluationPeriods"]),
            period=int(properties.get("Period", 60)),
            threshold=float(properties.get("Threshold", 0)),
            statistic=properties.get("Statistic", ""),
            description=properties.get("AlarmDescription", ""),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            treat_missing_data=properties.get("TreatMissingData"),
        )
        return lambda: backend.delete_alarms([name])
