"""Types that moto knows, where its own is lenient or forgets something: moto's object, made and updated by these."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from moto.awslambda.models import LambdaFunction
from moto.cloudformation.exceptions import ValidationError
from moto.events.models import Rule
from moto.iam.models import ManagedPolicy as MotoManagedPolicy
from moto.iam.models import Role, iam_backends
from moto.logs.models import LogGroup
from moto.s3.models import FakeBucket

from cloudmend.core.partitions import partition_of
from cloudmend.local.functions import NOT_ASSUMED, PRINCIPAL
from cloudmend.local.iam.enforce import can_assume
from cloudmend.local.patterns.compiler import InvalidPattern, compile_pattern
from cloudmend.local.resources.settings import ResourceType
from cloudmend.local.runtime.process import refusal
from cloudmend.local.s3.templates import settle

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_TEMPLATE: Final = "cloudmend_policies_of_template"


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


class Bucket(ResourceType):
    """moto: forgets who may use it: block public access, ownership, and the canned ACL."""

    TYPE = "AWS::S3::Bucket"
    NAME_PROPERTY = "BucketName"
    has_cfn_attr = FakeBucket.has_cfn_attr

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> FakeBucket:
        properties = cloudformation_json.get("Properties", {})
        bucket = FakeBucket.create_from_cloudformation_json(
            resource_name, {"Properties": properties}, account_id, region_name
        )
        settle(bucket, properties)
        return bucket

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: FakeBucket,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> FakeBucket:
        bucket = FakeBucket.update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        settle(bucket, cloudformation_json["Properties"])
        return bucket


def _refuse_what_cannot_run(name: str, properties: Mapping[str, Any]) -> None:
    """Raise ValidationError for a function that cannot run here.

    `templates` refuses what the text of a template shows before the stack starts. This check sees the resolved values.
    """
    if reason := refusal(name, properties.get("Runtime"), properties.get("Architectures")):
        raise ValidationError(name, reason)
    if not can_assume(PRINCIPAL, properties["Role"]):
        raise ValidationError(name, NOT_ASSUMED)


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


class _LogGroup(LogGroup):
    """moto: the attribute Arn of a group has no `:*` at its end, without which a policy allows nothing in the group."""

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return f"{super().get_cfn_attribute(attribute_name)}:*"


class LogsGroup(ResourceType):
    """moto: an update loses the group."""

    TYPE = "AWS::Logs::LogGroup"
    NAME_PROPERTY = "LogGroupName"
    has_cfn_attr = LogGroup.has_cfn_attr

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> LogGroup:
        group = LogGroup.create_from_cloudformation_json(resource_name, cloudformation_json, account_id, region_name)
        group.__class__ = _LogGroup  # type: ignore[type-abstract]
        return group

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


class RoleWithPolicies(ResourceType):
    """moto: forgets the managed policies that a role names, and an update changes neither policies nor trust."""

    TYPE = "AWS::IAM::Role"
    NAME_PROPERTY = "RoleName"
    has_cfn_attr = Role.has_cfn_attr

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Role:
        role = Role.create_from_cloudformation_json(resource_name, cloudformation_json, account_id, region_name)
        return _with_policies(role, cloudformation_json["Properties"])

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Role,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Role:
        properties = cloudformation_json["Properties"]
        role = Role.update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        role.assume_role_policy_document = json.dumps(properties["AssumeRolePolicyDocument"], default=str)
        role.max_session_duration = properties.get("MaxSessionDuration", 3600)
        role.permissions_boundary_arn = properties.get("PermissionsBoundary", "")
        return _with_policies(role, properties)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        role = iam_backends[account_id][partition_of(region_name).id].get_role(resource_name)
        _with_policies(role, {})
        Role.delete_from_cloudformation_json(resource_name, cloudformation_json, account_id, region_name)


def _with_policies(role: Role, properties: Mapping[str, Any]) -> Role:
    """Give a role the policies of its template, in the place of those that the template named before."""
    backend = iam_backends[role.account_id][role.partition]
    arns, names = vars(role).get(_OF_TEMPLATE, ((), ()))
    for arn in arns:
        backend.detach_role_policy(arn, role.name)
    for name in names:
        role.policies.pop(name, None)
    policies = properties.get("Policies", [])
    vars(role)[_OF_TEMPLATE] = properties.get("ManagedPolicyArns", []), [each["PolicyName"] for each in policies]
    for arn in properties.get("ManagedPolicyArns", []):
        backend.attach_role_policy(arn, role.name)
    for each in policies:
        role.put_policy(each["PolicyName"], each["PolicyDocument"])
    return role
