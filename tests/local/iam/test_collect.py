"""The identity behind an access key, as moto's state has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloudmend.local.iam.collect import Identity, identity_in_role, identity_of, role_of, trust_policy
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Policy
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, unheard
from local.iam.policies import in_words

REGION = "us-east-1"
READ = AccessRequest("ec2:DescribeSecurityGroups", "*")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


def document(action: str, effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusting(account: str = ACCOUNT) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def texts(policies: Any) -> list[tuple[str, str]]:
    """The names of policies, and the actions of their first statement."""
    return [(policy.name, json.loads(policy.text)["Statement"][0]["Action"]) for policy in policies]


def known(access_key: str) -> Identity:
    identity = identity_of(access_key, REGION)
    assert identity is not None
    return identity


def session(aws: EmbeddedAws, arn: str, **parameters: Any) -> Identity:
    keys = client(aws, "sts").assume_role(RoleArn=arn, RoleSessionName="run", **parameters)["Credentials"]
    return known(keys["AccessKeyId"])


def test_a_user_has_its_own_policies_and_those_of_its_groups(aws: EmbeddedAws) -> None:
    iam = client(aws, "iam")
    made = iam.create_user(UserName="ada", Path="/team/", Tags=[{"Key": "team", "Value": "red"}])["User"]
    iam.create_user(UserName="bob")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=document("sqs:*"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("sns:*"), SetAsDefault=True)
    iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=document("s3:*"))
    iam.put_group_policy(GroupName="readers", PolicyName="shared", PolicyDocument=document("ec2:*"))
    iam.attach_user_policy(UserName="ada", PolicyArn=arn)
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    iam.put_user_policy(UserName="bob", PolicyName="other", PolicyDocument=document("iam:*"))
    key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    identity = known(key)
    user, group = f"arn:aws:iam::{ACCOUNT}:user/team/ada", f"arn:aws:iam::{ACCOUNT}:group/readers"
    assert texts(identity.policies.identity) == [
        (f"{user} (inline policy own)", "s3:*"),
        (arn, "sns:*"),  # its default version
        (f"{group} (inline policy shared)", "ec2:*"),
        (arn, "sns:*"),
    ]
    caller = identity.caller
    assert (caller.kind, caller.account, caller.arn, caller.userid) == ("user", ACCOUNT, user, made["UserId"])
    assert (caller.context, identity.expires) == ({"aws:PrincipalTag/team": "red"}, None)
    assert in_words(evaluate(READ, caller, identity.policies)) == "allowed by identity"
    iam.update_access_key(UserName="ada", AccessKeyId=key, Status="Inactive")
    assert identity_of(key, REGION) is None


def test_a_session_has_the_policies_of_its_role_its_boundary_and_its_session_policy(aws: EmbeddedAws) -> None:
    iam = client(aws, "iam")
    boundary = iam.create_policy(PolicyName="limit", PolicyDocument=document("ec2:*"))["Policy"]["Arn"]
    arn = iam.create_role(
        RoleName="worker",
        Path="/cloudmend/",
        AssumeRolePolicyDocument=trusting(),
        PermissionsBoundary=boundary,
        Tags=[{"Key": "team", "Value": "blue"}],
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName="worker", PolicyName="own", PolicyDocument=document("*"))
    identity = session(aws, arn, Policy=document("ec2:Describe*"), DurationSeconds=900)
    caller, policies = identity.caller, identity.policies
    assert (caller.kind, caller.issuer) == ("role", arn)
    assert caller.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/run"
    assert caller.userid.endswith(":run")
    assert caller.context["aws:PrincipalTag/team"] == "blue"
    assert caller.context["aws:MultiFactorAuthPresent"] == "false"
    assert texts(policies.identity) == [(f"{arn} (inline policy own)", "*")]
    assert policies.boundary is not None
    assert texts([policies.boundary, *policies.session]) == [
        (boundary, "ec2:*"),
        (f"{caller.arn} (session policy)", "ec2:Describe*"),
    ]
    assert identity.expires is not None
    assert timedelta(0) < identity.expires - datetime.now(UTC) <= timedelta(minutes=15)
    assert in_words(evaluate(READ, caller, policies)) == "allowed by identity"
    revoke = AccessRequest("ec2:RevokeSecurityGroupIngress", f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1")
    assert in_words(evaluate(revoke, caller, policies)) == "no session"
    assert in_words(evaluate(AccessRequest("sqs:ListQueues", "*"), caller, policies)) == "no boundary"


def test_a_boundary_that_does_not_exist_allows_nothing(aws: EmbeddedAws) -> None:
    iam = client(aws, "iam")
    absent = f"arn:aws:iam::{ACCOUNT}:policy/absent"
    arn = iam.create_role(RoleName="held", AssumeRolePolicyDocument=trusting(), PermissionsBoundary=absent)["Role"][
        "Arn"
    ]
    iam.put_role_policy(RoleName="held", PolicyName="own", PolicyDocument=document("*"))
    identity = session(aws, arn)
    assert in_words(evaluate(READ, identity.caller, identity.policies)) == "no boundary"


def test_the_inline_policies_of_a_stacks_role_are_found_too(aws: EmbeddedAws) -> None:
    properties = {
        "RoleName": "of-a-stack",
        "AssumeRolePolicyDocument": json.loads(trusting()),
        "Policies": [{"PolicyName": "own", "PolicyDocument": json.loads(document("ec2:*"))}],
    }
    template = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}}
    client(aws, "cloudformation").create_stack(
        StackName="roles", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    identity = session(aws, f"arn:aws:iam::{ACCOUNT}:role/of-a-stack")
    assert in_words(evaluate(READ, identity.caller, identity.policies)) == "allowed by identity"


def test_a_session_of_a_role_that_is_gone_or_never_was_has_no_policies(aws: EmbeddedAws) -> None:
    made = client(aws, "iam").create_role(RoleName="gone", AssumeRolePolicyDocument=trusting())["Role"]["Arn"]
    keys = client(aws, "sts").assume_role(RoleArn=made, RoleSessionName="run")["Credentials"]
    client(aws, "iam").delete_role(RoleName="gone")
    never = f"arn:aws:iam::{ACCOUNT}:role/never"
    assert (role_of(made), role_of(never)) == (None, None)
    for identity in (known(keys["AccessKeyId"]), identity_in_role(never, "run")):
        assert in_words(evaluate(READ, identity.caller, identity.policies)) == "no identity"


def test_a_key_that_nobody_has_is_of_nobody() -> None:
    assert identity_of("AKIANOBODY", REGION) is None


def test_the_trust_policy_of_a_role_decides_who_can_assume_it(aws: EmbeddedAws) -> None:
    iam = client(aws, "iam")
    iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=trusting("444455556666"))
    role = role_of(f"arn:aws:iam::{ACCOUNT}:role/trusting")
    assert role is not None
    assert trust_policy(role) == Policy(f"{role.arn} (trust policy)", trusting("444455556666"))


def test_an_account_of_an_organization_has_its_keys_and_the_policies_of_each_level(aws: EmbeddedAws) -> None:
    organizations = client(aws, "organizations")
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="unit")["OrganizationalUnit"]["Id"]
    member = organizations.create_account(AccountName="a", Email="a@example.com")["CreateAccountStatus"]["AccountId"]
    organizations.move_account(AccountId=member, SourceParentId=root, DestinationParentId=unit)
    identity = session(aws, f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole")
    path = f"{organization}/{root}/{unit}/"
    assert identity.caller.context["aws:PrincipalOrgID"] == organization
    assert identity.caller.context["aws:PrincipalOrgPaths"] == [path]
    assert [texts(level)[0][1] for level in identity.policies.scps] == ["*", "*", "*"]

    denies = organizations.create_policy(
        Name="deny", Description="", Type="SERVICE_CONTROL_POLICY", Content=document("ec2:*", "Deny")
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=denies["Id"], TargetId=unit)
    identity = session(aws, f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole")
    decision = evaluate(READ, identity.caller, identity.policies)
    assert (in_words(decision), decision.policy) == ("denied by scp", denies["Arn"])
    assert (identity.caller.management, _of_management(aws).caller.management) == (False, True)


def _of_management(aws: EmbeddedAws) -> Identity:
    return known(aws.environment["AWS_ACCESS_KEY_ID"])
