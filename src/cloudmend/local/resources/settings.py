"""Types that are settings of another resource: of a function, a queue, a metric, a topic, or a schedule."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import EventInvokeConfig
from moto.awslambda.utils import get_backend
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import iso_8601_datetime_with_nanoseconds
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class ResourceType:
    """The base of all classes here: the type's name, and the property that names the resource."""

    TYPE: ClassVar[str]
    NAME_PROPERTY: ClassVar[str] = ""


class Setting(ResourceType):
    """A resource that is a setting of another one: `undo` takes it back."""

    def __init__(self, physical_resource_id: str, undo: Callable[[], None]) -> None:
        self.physical_resource_id = physical_resource_id
        self._undo = undo

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:
        """Set it, and return a function that restores it."""
        raise NotImplementedError

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Setting:
        undo = cls.apply(resource_name, cloudformation_json["Properties"], account_id, region_name)
        return cls(resource_name, undo)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Setting,
        new_resource_name: str,  # noqa: ARG003 moto's signature
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Setting:
        original_resource.delete(account_id, region_name)
        name = original_resource.physical_resource_id
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002 moto's signature
        self._undo()

    def is_created(self) -> bool:
        """moto asks; a setting never takes time."""
        return True


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
    """moto: calls its own Lambda from the queue, in a container. Here `QueueService` takes the messages."""

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


class TopicPolicy(Setting):
    TYPE = "AWS::SNS::TopicPolicy"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:  # noqa: ARG003 moto gives no name
        topics = [sns_backends[account][region].get_topic(arn) for arn in properties["Topics"]]
        before = [topic.policy for topic in topics]

        def set_policies(policies: Iterable[str]) -> None:
            for topic, policy in zip(topics, policies, strict=True):
                topic.policy = policy

        set_policies([json.dumps(properties["PolicyDocument"])] * len(topics))
        return lambda: set_policies(before)


class TopicSubscription(Setting):
    """Nobody is asked to confirm."""

    TYPE = "AWS::SNS::Subscription"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:  # noqa: ARG003 moto gives no name
        backend = sns_backends[account][region]
        subscription = backend.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
        return lambda: backend.unsubscribe(subscription.arn)


class Schedule(Setting):
    """A schedule of EventBridge Scheduler. It wakes its target when the clock is moved past its time."""

    TYPE = "AWS::Scheduler::Schedule"
    NAME_PROPERTY = "Name"

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:
        backend = scheduler_backends[account][region]
        absent: dict[str, Any] = dict.fromkeys(("start_date", "end_date", "kms_key_arn", "action_after_completion"))
        backend.create_schedule(
            **absent,
            name=name,
            group_name="default",
            description=properties.get("Description", ""),
            schedule_expression=properties["ScheduleExpression"],
            schedule_expression_timezone=properties.get("ScheduleExpressionTimezone", "UTC"),
            flexible_time_window=properties["FlexibleTimeWindow"],
            state=properties.get("State", "ENABLED"),
            target=properties["Target"],
        )
        return lambda: backend.delete_schedule(None, name)
