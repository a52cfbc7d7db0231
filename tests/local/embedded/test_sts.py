"""Sessions: what is passed to them, and whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.iam.collect import Identity, identity_of
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, unheard

REGION = "us-east-1"
OF_ROLES = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": OF_ROLES}]}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        iam = client(embedded, "iam")
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[tag("team", "red")])
        iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=json.dumps(ALL))
        iam.create_user(UserName="ada", Tags=[tag("team", "blue")])
        iam.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=json.dumps(ALL))
        yield embedded


def tag(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}


@pytest.fixture(scope="module")
def ada(aws: EmbeddedAws) -> dict[str, str]:
    """The keys of the user ada."""
    key = client(aws, "iam").create_access_key(UserName="ada")["AccessKey"]
    return {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}


def sts(aws: EmbeddedAws, keys: dict[str, str] | None = None) -> Any:
    return client(aws, "sts", **signed(keys) if keys else {})


def signed(keys: dict[str, str]) -> dict[str, str]:
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys.get("SessionToken", ""),
    }


def assume(sts: Any, **parameters: Any) -> dict[str, str]:
    role = f"arn:aws:iam::{ACCOUNT}:role/worker"
    credentials: dict[str, str] = sts.assume_role(RoleArn=role, RoleSessionName="run", **parameters)["Credentials"]
    return credentials


def known(keys: dict[str, str]) -> Identity:
    identity = identity_of(keys["AccessKeyId"], REGION)
    assert identity is not None
    return identity


def is_allowed(identity: Identity, action: str) -> bool:
    return evaluate(AccessRequest(action, "*"), identity.caller, identity.policies).allowed


def test_a_session_has_the_tags_and_the_source_identity_that_were_passed_to_it(aws: EmbeddedAws) -> None:
    keys = assume(sts(aws), Tags=[tag("team", "green"), tag("cost", "1")], SourceIdentity="ada")
    context = known(keys).caller.context
    assert context["aws:PrincipalTag/team"] == "green"  # not the role's
    assert context["aws:PrincipalTag/cost"] == "1"
    assert context["aws:SourceIdentity"] == "ada"


def test_a_session_of_a_session_inherits_its_transitive_tags_and_its_source_identity(aws: EmbeddedAws) -> None:
    tags = [tag("team", "green"), tag("cost", "1")]
    first = assume(sts(aws), Tags=tags, TransitiveTagKeys=["cost"], SourceIdentity="ada")
    second = assume(sts(aws, first), Tags=[tag("cost", "2")])
    third = known(assume(sts(aws, second))).caller.context
    for context in (known(second).caller.context, third):
        assert context["aws:PrincipalTag/cost"] == "1"
        assert context["aws:PrincipalTag/team"] == "red"  # the role's
        assert context["aws:SourceIdentity"] == "ada"


def test_the_managed_policies_that_were_passed_to_a_session_limit_it(aws: EmbeddedAws) -> None:
    iam = client(aws, "iam")
    own = iam.create_policy(PolicyName="sqs", PolicyDocument=json.dumps(READ).replace("ec2:", "sqs:"))["Policy"]["Arn"]
    identity = known(assume(sts(aws), PolicyArns=[{"arn": READ_ONLY}, {"arn": own}]))
    assert [policy.name for policy in identity.policies.session] == [READ_ONLY, own]
    actions = ("ec2:DescribeSecurityGroups", "ec2:RevokeSecurityGroupIngress", "sqs:DescribeAll", "sns:Publish")
    assert [is_allowed(identity, action) for action in actions] == [True, False, True, False]


def test_a_managed_policy_that_does_not_exist_lets_a_session_do_nothing(aws: EmbeddedAws) -> None:
    arn = "arn:aws:iam::aws:policy/Absent"
    assert not is_allowed(known(assume(sts(aws), PolicyArns=[{"arn": arn}])), "ec2:DescribeSecurityGroups")


def test_a_session_of_a_user_has_keys_of_its_own_and_is_the_user(aws: EmbeddedAws, ada: dict[str, str]) -> None:
    keys = sts(aws, ada).get_session_token(DurationSeconds=900)["Credentials"]
    assert keys["AccessKeyId"].startswith("ASIA")
    user = f"arn:aws:iam::{ACCOUNT}:user/ada"
    asked = sts(aws, keys).get_caller_identity()
    assert (asked["Arn"], asked["Account"]) == (user, ACCOUNT)
    identity = known(keys)
    assert (identity.caller.kind, identity.caller.arn, identity.caller.userid) == ("user", user, asked["UserId"])
    assert identity.caller.context["aws:PrincipalTag/team"] == "blue"
    assert identity.caller.context["aws:MultiFactorAuthPresent"] == "false"
    assert "aws:MultiFactorAuthPresent" not in known(ada).caller.context
    assert is_allowed(identity, "sqs:ListQueues")
    assert identity.expires is not None
    assert timedelta(0) < identity.expires - datetime.now(UTC) <= timedelta(minutes=15)
    assert abs(identity.expires - keys["Expiration"]) < timedelta(seconds=2)


def test_a_session_of_a_user_who_shows_the_mfa_device_has_it(aws: EmbeddedAws, ada: dict[str, str]) -> None:
    iam = client(aws, "iam")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="ada")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName="ada", SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    keys = sts(aws, ada).get_session_token(SerialNumber=serial, TokenCode="123456")["Credentials"]
    assert known(keys).caller.context["aws:MultiFactorAuthPresent"] == "true"
    session = known(assume(sts(aws, keys)))  # AWS: the MFA does not reach the session of the role
    assert session.caller.context["aws:MultiFactorAuthPresent"] == "false"


@pytest.mark.parametrize(
    "shown",
    [
        {"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/nobody", "TokenCode": "123456"},
        {"TokenCode": "123456"},
    ],
)
def test_a_device_that_is_not_the_callers_is_refused(aws: EmbeddedAws, ada: dict[str, str], shown: Any) -> None:
    with pytest.raises(ClientError, match="MultiFactorAuthentication failed") as refused:
        sts(aws, ada).get_session_token(**shown)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_a_federated_user_may_do_what_its_user_and_its_policy_both_allow(aws: EmbeddedAws, ada: dict[str, str]) -> None:
    tags = [tag("team", "green")]
    asked = sts(aws, ada).get_federation_token(Name="joe", Policy=json.dumps(READ), Tags=tags)
    identity = known(asked["Credentials"])
    caller = identity.caller
    assert (caller.kind, caller.arn) == ("federated", f"arn:aws:sts::{ACCOUNT}:federated-user/joe")
    assert (caller.issuer, caller.userid) == (f"arn:aws:iam::{ACCOUNT}:user/ada", f"{ACCOUNT}:joe")
    assert asked["FederatedUser"]["Arn"] == sts(aws, asked["Credentials"]).get_caller_identity()["Arn"] == caller.arn
    assert caller.context["aws:PrincipalTag/team"] == "green"
    assert is_allowed(identity, "ec2:DescribeSecurityGroups")
    assert not is_allowed(identity, "sqs:ListQueues")


@pytest.mark.parametrize("operation", ["get_session_token", "get_federation_token"])
def test_a_session_cannot_ask_for_a_session_of_a_user(aws: EmbeddedAws, operation: str) -> None:
    parameters = {"Name": "joe"} if operation == "get_federation_token" else {}
    with pytest.raises(ClientError, match="with session credentials"):
        getattr(sts(aws, assume(sts(aws))), operation)(**parameters)


def test_the_records_of_a_session_of_a_user_name_the_user_and_the_mfa(aws: EmbeddedAws, ada: dict[str, str]) -> None:
    keys = sts(aws, ada).get_session_token()["Credentials"]
    joe = sts(aws, ada).get_federation_token(Name="joe", Policy=json.dumps(ALL))["Credentials"]
    for signing, name in ((keys, "by-ada"), (joe, "by-joe")):
        client(aws, "sqs", **signed(signing)).create_queue(QueueName=name)
    told = {
        each["detail"]["requestParameters"].get("queueName"): each["detail"]["userIdentity"]
        for each in aws.events
        if each["detail"]["eventName"] == "CreateQueue"
    }
    assert {key: told["by-ada"][key] for key in ("type", "userName")} == {"type": "IAMUser", "userName": "ada"}
    assert told["by-ada"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert told["by-joe"]["type"] == "FederatedUser"
    assert told["by-joe"]["arn"].endswith(":federated-user/joe")
