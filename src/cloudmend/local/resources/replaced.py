"""Types that moto knows, where its own is lenient or forgets something: moto's object, made and updated by these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.cloudformation.exceptions import ValidationError
from moto.events.models import Rule
from moto.iam.models import ManagedPolicy as MotoManagedPolicy
from moto.iam.models import iam_backends
from moto.logs.models import LogGroup

from cloudmend.local.patterns.compiler import InvalidPattern, compile_pattern
from cloudmend.local.resources.settings import ResourceType
from cloudmend.local.runtime.process import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping


class Function(ResourceType):
    """moto: takes what cannot run here, forgets the log group and the architecture, leaves numbers in the environment;
    an update forgets the reserved concurrency.
    """

    TYPE = "AWS::Lambda::Function"
    NAME_PROPERTY = "FunctionName"
    has_cfn_attr = LambdaFunction.has_cfn_attr

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> LambdaFunction:
        _refuse_what_cannot_run(resource_name, cloudformation_json["Properties"])
        function = LambdaFunction.create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name
        )
        return _complete(function, cloudformation_json["Properties"])

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: LambdaFunction,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> LambdaFunction:
        _refuse_what_cannot_run(original_resource.function_name, cloudformation_json["Properties"])
        function = LambdaFunction.update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        return _complete(function, cloudformation_json["Properties"])


def _refuse_what_cannot_run(name: str, properties: Mapping[str, Any]) -> None:
    """Raise ValidationError for a function that cannot run here.

    `templates` refuses what the text of a template shows before the stack starts. This check sees the resolved values.
    """
    if reason := refusal(name, properties.get("Runtime"), properties.get("Architectures")):
        raise ValidationError(name, reason)


def _complete(function: LambdaFunction, properties: Mapping[str, Any]) -> LambdaFunction:
    function.architectures = properties.get("Architectures", function.architectures)
    reserved = properties.get("ReservedConcurrentExecutions")
    function.reserved_concurrency = None if reserved is None else int(reserved)
    function.environment_vars = {name: str(value) for name, value in function.environment_vars.items()}
    own_group = properties.get("LoggingConfig", {}).get("LogGroup")
    function.logs_group_name = own_group or f"/aws/lambda/{function.function_name}"
    return function


class EventsRule(ResourceType):
    """moto: takes any pattern, and an update gives the rule a new name, which the permissions do not know."""

    TYPE = "AWS::Events::Rule"
    NAME_PROPERTY = "Name"
    has_cfn_attr = Rule.has_cfn_attr

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Rule:
        try:
            compile_pattern(cloudformation_json["Properties"].get("EventPattern", {"source": ["none"]}))
        except InvalidPattern as error:
            raise ValidationError(resource_name, f"Event pattern is not valid. Reason: {error}") from error
        return Rule.create_from_cloudformation_json(resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Rule,
        new_resource_name: str,  # noqa: ARG003 moto's signature
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Rule:
        name = original_resource.name
        original_resource.delete(account_id, region_name)
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)


class LogsGroup(ResourceType):
    """moto: an update loses the group."""

    TYPE = "AWS::Logs::LogGroup"
    NAME_PROPERTY = "LogGroupName"
    has_cfn_attr = LogGroup.has_cfn_attr
    create_from_cloudformation_json = LogGroup.create_from_cloudformation_json

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: LogGroup,
        new_resource_name: str,  # noqa: ARG003 moto's signature
        cloudformation_json: Any,
        account_id: str,  # noqa: ARG003 moto's signature
        region_name: str,  # noqa: ARG003 moto's signature
    ) -> LogGroup:
        original_resource.retention_in_days = cloudformation_json["Properties"].get("RetentionInDays")
        return original_resource


class ManagedPolicy(ResourceType):
    """moto: has no update and no deletion of it by a stack; the new one here has another name."""

    TYPE = "AWS::IAM::ManagedPolicy"
    NAME_PROPERTY = "ManagedPolicyName"
    has_cfn_attr = MotoManagedPolicy.has_cfn_attr

    def __init__(self, policy: MotoManagedPolicy) -> None:
        self.policy = policy
        self.physical_resource_id = policy.arn

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> ManagedPolicy:
        return cls(
            MotoManagedPolicy.create_from_cloudformation_json(
                resource_name, cloudformation_json, account_id, region_name
            )
        )

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: ManagedPolicy,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> ManagedPolicy:
        original_resource.delete(account_id, region_name)
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002 moto's signature
        backend = iam_backends[account_id][self.policy.partition]
        for role in backend.roles.values():
            if self.policy.arn in role.managed_policies:
                self.policy.detach_from(role)
        backend.delete_policy(self.policy.arn)

    def is_created(self) -> bool:
        """moto asks; a policy never takes time."""
        return True
