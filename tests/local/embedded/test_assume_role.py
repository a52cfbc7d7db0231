"""Who can assume a role: its trust policy, what the caller shows, and what AWS refuses whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import (
    ACCOUNT,
    ACCOUNT_ITSELF,
    LAMBDA,
    allowing,
    assume,
    aws_cli,
    client,
    document,
    member,
    role,
    signing,
    trusting,
    unheard,
    user,
)

BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
OF_ROLES = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
WITH_MFA = trusting(ACCOUNT_ITSELF, Bool={"aws:MultiFactorAuthPresent": "true"})
HOUR_S = 3600


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def bob(aws: EmbeddedAws) -> dict[str, str]:
    """The keys of a user who may assume any role that lets him."""
    return user(aws, "bob", *OF_ROLES)


@pytest.fixture(scope="module")
def device(aws: EmbeddedAws, bob: dict[str, str]) -> str:
    """The MFA device of that user."""
    iam, codes = client(aws, "iam"), {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    serial: str = iam.create_virtual_mfa_device(VirtualMFADeviceName="bob")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(UserName="bob", SerialNumber=serial, **codes)
    return serial


def asked(aws: EmbeddedAws, keys: dict[str, str], arn: str, **parameters: Any) -> dict[str, str]:
    """The keys of the session of a role, for the holder of keys."""
    answer = client(aws, "sts", **keys).assume_role(RoleArn=arn, RoleSessionName="run", **parameters)
    return signing(answer["Credentials"])


def refused(aws: EmbeddedAws, keys: dict[str, str], arn: str, **parameters: Any) -> tuple[str, str]:
    """The code and the sentence."""
    with pytest.raises(ClientError) as error:
        asked(aws, keys, arn, **parameters)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def not_authorized(arn: str, action: str = "sts:AssumeRole", who: str = BOB) -> tuple[str, str]:
    return "AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {arn}"


def test_a_role_is_assumed_by_whom_its_trust_policy_and_his_own_policies_let(
    aws: EmbeddedAws, bob: dict[str, str]
) -> None:
    mine = role(aws, "open", "sqs:ListQueues")
    keys = asked(aws, bob, mine)
    assert client(aws, "sqs", **keys).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    idle = user(aws, "idle")
    assert refused(aws, idle, mine) == not_authorized(mine, who=f"arn:aws:iam::{ACCOUNT}:user/idle")


@pytest.mark.parametrize("trusted", [LAMBDA, {"AWS": "arn:aws:iam::111122223333:root"}])
def test_a_role_that_trusts_others_is_refused_to_an_administrator_too(
    aws: EmbeddedAws, trusted: dict[str, str]
) -> None:
    arn = role(aws, f"trusts-{next(iter(trusted))}", trust=trusting(trusted))
    who = f"arn:aws:iam::{ACCOUNT}:user/walkthrough"
    with pytest.raises(ClientError, match="AccessDenied") as error:
        assume(aws, arn)
    assert error.value.response["Error"]["Message"] == not_authorized(arn, who=who)[1]


def test_a_role_that_is_not_there_is_refused_like_one_that_trusts_others(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/absent"
    assert refused(aws, bob, arn) == not_authorized(arn)


def test_a_role_of_another_account_asks_for_its_external_id(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    account, keys = member(aws)
    trust = trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, StringEquals={"sts:ExternalId": "secret"})
    made = client(aws, "iam", **keys).create_role(RoleName="vendor", AssumeRolePolicyDocument=trust)
    arn = made["Role"]["Arn"]
    assert arn == f"arn:aws:iam::{account}:role/vendor"
    assert refused(aws, bob, arn) == refused(aws, bob, arn, ExternalId="guess") == not_authorized(arn)
    session = asked(aws, bob, arn, ExternalId="secret")
    assert client(aws, "sts", **session).get_caller_identity()["Account"] == account


def test_a_role_that_asks_for_mfa_is_assumed_with_a_code_or_by_a_session_that_has_it(
    aws: EmbeddedAws, bob: dict[str, str], device: str
) -> None:
    arn = role(aws, "careful", trust=WITH_MFA)
    assert refused(aws, bob, arn) == not_authorized(arn)
    assert asked(aws, bob, arn, SerialNumber=device, TokenCode="123456")
    sts = client(aws, "sts", **bob)
    plain = signing(sts.get_session_token()["Credentials"])
    assert refused(aws, plain, arn) == not_authorized(arn)
    assert asked(aws, signing(sts.get_session_token(SerialNumber=device, TokenCode="123456")["Credentials"]), arn)


def test_the_aws_cli_assumes_a_role_with_mfa(aws: EmbeddedAws, bob: dict[str, str], device: str) -> None:
    arn = role(aws, "careful-by-cli", trust=WITH_MFA)
    names = {"AWS_ACCESS_KEY_ID": bob["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": bob["aws_secret_access_key"]}
    words = ("sts", "assume-role", "--role-arn", arn, "--role-session-name", "bob")
    without = aws_cli(aws, *words, **names)
    assert "An error occurred (AccessDenied) when calling the AssumeRole operation: User: " in without.stderr
    assert aws_cli(aws, *words, "--serial-number", device, "--token-code", "123456", **names).returncode == 0


@pytest.mark.parametrize(
    "shown", [{"TokenCode": "123456"}, {"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/eve", "TokenCode": "123456"}]
)
def test_a_device_that_is_not_the_callers_is_refused(
    aws: EmbeddedAws, bob: dict[str, str], shown: dict[str, str]
) -> None:
    arn = role(aws, f"shown-{len(shown)}")
    code, sentence = refused(aws, bob, arn, **shown)
    assert (code, sentence.startswith("MultiFactorAuthentication failed")) == ("AccessDenied", True)


def test_a_session_of_a_session_lasts_an_hour_at_most(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    first = role(aws, "first", *OF_ROLES)
    second = role(aws, "second")
    client(aws, "iam").update_role(RoleName="second", MaxSessionDuration=2 * HOUR_S)
    assert asked(aws, bob, second, DurationSeconds=2 * HOUR_S)
    chained = asked(aws, bob, first)
    assert asked(aws, chained, second, DurationSeconds=HOUR_S)
    assert refused(aws, chained, second, DurationSeconds=HOUR_S + 1) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    )


def test_a_session_lasts_no_longer_than_its_role_lets_it(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    arn = role(aws, "short")
    assert refused(aws, bob, arn, DurationSeconds=HOUR_S + 1) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_tags_and_a_source_identity_need_a_right_and_trust_of_their_own(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    arn = role(aws, "untagged")
    tags = [{"Key": "team", "Value": "red"}]
    assert refused(aws, bob, arn, Tags=tags) == not_authorized(arn, "sts:TagSession")
    assert refused(aws, bob, arn, SourceIdentity="bob") == not_authorized(arn, "sts:SetSourceIdentity")
    all_of_them = {"Effect": "Allow", "Principal": ACCOUNT_ITSELF, "Action": list(OF_ROLES)}
    client(aws, "iam").update_assume_role_policy(RoleName="untagged", PolicyDocument=document(all_of_them))
    assert asked(aws, bob, arn, Tags=tags, SourceIdentity="bob")


def test_a_session_policy_limits_the_session_and_has_2_048_characters_at_most(
    aws: EmbeddedAws, bob: dict[str, str]
) -> None:
    arn = role(aws, "wide", "sqs:*", "sns:*")
    policy = allowing("sqs:*")
    keys = asked(aws, bob, arn, Policy=policy.ljust(2048))
    assert client(aws, "sqs", **keys).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    with pytest.raises(ClientError, match="because no session policy allows the SNS:ListTopics action"):
        client(aws, "sns", **keys).list_topics()
    code, sentence = refused(aws, bob, arn, Policy=policy.ljust(2049))
    assert code == "ValidationError"
    assert sentence.endswith("Member must have length less than or equal to 2048")


def test_a_malformed_session_policy_is_refused(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    arn = role(aws, "guarded", "*")
    assert refused(aws, bob, arn, Policy="{")[0] == "MalformedPolicyDocument"


def test_whoever_has_a_key_may_ask_who_he_is(aws: EmbeddedAws) -> None:
    keys = user(aws, "nothing")
    never = document({"Effect": "Deny", "Action": "*", "Resource": "*"})
    client(aws, "iam").put_user_policy(UserName="nothing", PolicyName="never", PolicyDocument=never)
    assert client(aws, "sts", **keys).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/nothing"


def test_a_session_of_an_administrators_role_may_do_all_in_its_own_account_alone(aws: EmbeddedAws) -> None:
    account, keys = member(aws)
    client(aws, "sqs").create_queue(QueueName="ours")
    assert client(aws, "sqs", **keys).create_queue(QueueName="theirs")["QueueUrl"].endswith(f"/{account}/theirs")
    here = assume(aws, role(aws, "operator", "*"))
    with pytest.raises(ClientError, match="because no resource-based policy allows the sqs:sendmessage action"):
        client(aws, "sqs", **here).send_message(QueueUrl=f"{aws.endpoint}/{account}/theirs", MessageBody="m")
