"""Types that moto's CloudFormation does not know: who hears of a topic, and when somebody is woken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends

from cloudmend.local.resources.base import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


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
    """Kept to be described: no time passes here, so it never wakes anybody."""

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
