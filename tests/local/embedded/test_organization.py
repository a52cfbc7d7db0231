"""The organization: five accounts that nothing joins but what AWS lets them share, each with its own administrator."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from cloudmend.cli.local.profiles import listed, settings
from cloudmend.local.example_organization import UNITS
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, assume, client, document, open_to_the_world, role, unheard

HUB, PAYMENTS, TRIAL = "777788889999", "555566667777", "222233334444"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard, organization=True) as embedded:
        yield embedded


def of(aws: EmbeddedAws, name: str, service: str) -> Any:
    """A client with a profile's key and Region."""
    (profile,) = (each for each in aws.profiles if each.name == name)
    keys = {"aws_access_key_id": profile.access_key, "aws_secret_access_key": profile.secret_key}
    return client(aws, service, region=profile.region, **keys)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def accounts(aws: EmbeddedAws) -> dict[str, Any]:
    return {each["Id"]: each for each in client(aws, "organizations").list_accounts()["Accounts"]}


def test_each_profile_is_the_administrator_of_an_account_of_its_own(aws: EmbeddedAws) -> None:
    names = ["management", "hub", "payments", "trial", "playground"]
    assert [each.name for each in aws.profiles] == [f"{name}{end}" for name in names for end in ("", "-eu-west-1")]
    assert {each.region for each in aws.profiles} == {"us-east-1", "eu-west-1"}
    for profile in aws.profiles:
        answered = of(aws, profile.name, "sts").get_caller_identity()
        assert answered["Arn"] == f"arn:aws:iam::{profile.account}:user/walkthrough"
    assert len({each.account for each in aws.profiles}) == 5
    assert len({each.access_key for each in aws.profiles}) == 5


def test_the_profiles_in_the_file_reach_their_accounts(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    with settings(aws) as environment:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            assert name not in environment
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert Session().create_client("sts").get_caller_identity()["Account"] == ACCOUNT
        hub = Session(profile="hub-eu-west-1")
        assert hub.create_client("sts").get_caller_identity()["Account"] == HUB
        assert hub.create_client("ec2").meta.region_name == "eu-west-1"
    assert f"  hub-eu-west-1         {HUB}  eu-west-1\n" in listed(aws)


def test_without_an_organization_the_settings_are_those_of_one_key() -> None:
    alone = EmbeddedAws(port=4566)
    with settings(alone) as environment:
        assert environment == alone.environment
    assert not listed(alone)


def test_an_account_is_listed_with_its_state_and_its_path(aws: EmbeddedAws) -> None:
    organizations = client(aws, "organizations")
    organization = organizations.describe_organization()["Organization"]
    assert (organization["MasterAccountId"], organization["FeatureSet"]) == (ACCOUNT, "ALL")
    (root,) = organizations.list_roots()["Roots"]
    units = organizations.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
    assert [each["Name"] for each in units] == list(UNITS)
    top = f"{organization['Id']}/{root['Id']}"
    found = accounts(aws)
    assert found[ACCOUNT]["Paths"] == [f"{top}/{ACCOUNT}/"]
    for unit in units:
        for name, account in UNITS[unit["Name"]].items():
            assert (found[account]["Name"], found[account]["State"]) == (name, "ACTIVE")
            assert found[account]["Paths"] == [f"{top}/{unit['Id']}/{account}/"]
            described = organizations.describe_account(AccountId=account)["Account"]
            assert described["Paths"] == found[account]["Paths"]
    in_unit = organizations.list_accounts_for_parent(ParentId=units[0]["Id"])["Accounts"]
    assert {each["Id"] for each in in_unit} == set(UNITS["production"].values())
    assert all(each["Paths"] for each in in_unit)


def test_what_one_account_has_another_does_not_see(aws: EmbeddedAws) -> None:
    group = open_to_the_world(aws)
    of(aws, "payments", "sqs").create_queue(QueueName="orders")
    describe = partial(of(aws, "hub", "ec2").describe_security_groups, GroupIds=[group])
    assert refused(describe) == "InvalidGroup.NotFound"
    assert "QueueUrls" not in of(aws, "hub", "sqs").list_queues()
    assert len(of(aws, "payments", "sqs").list_queues()["QueueUrls"]) == 1
    assert "QueueUrls" not in of(aws, "payments-eu-west-1", "sqs").list_queues()


def test_the_management_account_enters_a_member_by_its_role_and_a_member_none(aws: EmbeddedAws) -> None:
    arn = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"
    inside = client(aws, "sts", **assume(aws, arn)).get_caller_identity()
    assert inside["Account"] == PAYMENTS
    enter = partial(of(aws, "hub", "sts").assume_role, RoleArn=arn, RoleSessionName="hub")
    assert refused(enter) == "AccessDenied"


def test_a_service_control_policy_binds_its_unit_and_nobody_else(aws: EmbeddedAws) -> None:
    organizations = client(aws, "organizations")
    denied = {"Effect": "Deny", "Action": "sns:CreateTopic", "Resource": "*"}
    made = organizations.create_policy(
        Name="no-topics", Description="", Type="SERVICE_CONTROL_POLICY", Content=document(denied)
    )
    policy = made["Policy"]["PolicySummary"]["Id"]
    (root,) = organizations.list_roots()["Roots"]
    unit = accounts(aws)[PAYMENTS]["Paths"][0].split("/")[2]
    organizations.attach_policy(PolicyId=policy, TargetId=unit)
    for name in ("hub", "payments"):
        with pytest.raises(ClientError, match="with an explicit deny in a service control policy"):
            of(aws, name, "sns").create_topic(Name="a-topic")
    of(aws, "trial", "sns").create_topic(Name="a-topic")
    organizations.attach_policy(PolicyId=policy, TargetId=root["Id"])
    assert refused(partial(of(aws, "trial", "sns").create_topic, Name="another")) == "AuthorizationError"
    client(aws, "sns").create_topic(Name="a-topic")  # the management account is exempt
    organizations.detach_policy(PolicyId=policy, TargetId=root["Id"])
    organizations.detach_policy(PolicyId=policy, TargetId=unit)


def test_a_call_in_a_member_account_is_heard_there_by_the_organizations_trail(aws: EmbeddedAws) -> None:
    of(aws, "hub", "sqs").create_queue(QueueName="heard")
    aws.settle(5)
    event = aws.events[-1]
    assert (event["account"], event["detail"]["eventName"]) == (HUB, "CreateQueue")


def test_a_member_reads_the_organization_only_as_a_delegate(aws: EmbeddedAws) -> None:
    management, hub = client(aws, "organizations"), of(aws, "hub", "organizations")
    assert hub.describe_organization()["Organization"]["MasterAccountId"] == ACCOUNT
    assert refused(hub.list_accounts) == "AccessDeniedException"
    service = "member.org.stacksets.cloudformation.amazonaws.com"
    management.register_delegated_administrator(AccountId=HUB, ServicePrincipal=service)
    assert len(hub.list_accounts()["Accounts"]) == 5
    assert hub.describe_account(AccountId=TRIAL)["Account"]["Name"] == "trial"
    create = partial(hub.create_account, AccountName="new", Email="new@example.com")
    assert refused(create) == "AccessDeniedException"
    management.deregister_delegated_administrator(AccountId=HUB, ServicePrincipal=service)
    assert refused(hub.list_accounts) == "AccessDeniedException"


def test_a_member_reads_what_the_resource_policy_delegates(aws: EmbeddedAws) -> None:
    management, hub = client(aws, "organizations"), of(aws, "hub", "organizations")
    assert refused(management.describe_resource_policy) == "ResourcePolicyNotFoundException"
    assert refused(partial(management.put_resource_policy, Content="no policy")) == "InvalidInputException"
    principal = {"AWS": f"arn:aws:iam::{HUB}:root"}
    lists = {"Effect": "Allow", "Principal": principal, "Action": "organizations:ListAccounts", "Resource": "*"}
    management.put_resource_policy(Content=document(lists))
    assert len(hub.list_accounts()["Accounts"]) == 5
    assert refused(partial(hub.describe_account, AccountId=TRIAL)) == "AccessDeniedException"
    assert refused(of(aws, "trial", "organizations").list_accounts) == "AccessDeniedException"

    one = {**lists, "Action": "organizations:DescribeAccount", "Resource": accounts(aws)[TRIAL]["Arn"]}
    management.put_resource_policy(Content=document(lists, one))
    assert hub.describe_account(AccountId=TRIAL)["Account"]["Paths"]
    assert refused(partial(hub.describe_account, AccountId=PAYMENTS)) == "AccessDeniedException"
    held = management.describe_resource_policy()["ResourcePolicy"]
    assert json.loads(held["Content"])["Statement"] == [lists, one]

    reader = role(aws, "reader")  # a role of the hub's that may not list: the resource policy alone is not enough
    assert reader
    management.delete_resource_policy()
    assert refused(hub.list_accounts) == "AccessDeniedException"
    assert refused(management.delete_resource_policy) == "ResourcePolicyNotFoundException"


def test_contacts_of_members_are_told_to_the_management_account_and_its_delegate(aws: EmbeddedAws) -> None:
    asked = {"AccountId": PAYMENTS, "AlternateContactType": "SECURITY"}
    hub = of(aws, "hub", "account")
    told = client(aws, "account").get_alternate_contact(**asked)["AlternateContact"]
    assert told["EmailAddress"] == "security+payments@example.com"
    assert refused(partial(hub.get_alternate_contact, **asked)) == "AccessDeniedException"
    own = hub.get_alternate_contact(AlternateContactType="SECURITY")["AlternateContact"]
    assert own["EmailAddress"] == "security+hub@example.com"
    organizations = client(aws, "organizations")
    organizations.register_delegated_administrator(AccountId=HUB, ServicePrincipal="account.amazonaws.com")
    assert hub.get_alternate_contact(**asked)["AlternateContact"] == told
    organizations.deregister_delegated_administrator(AccountId=HUB, ServicePrincipal="account.amazonaws.com")
    own_by_id = partial(
        client(aws, "account").get_alternate_contact, AccountId=ACCOUNT, AlternateContactType="SECURITY"
    )
    assert refused(own_by_id) == "AccessDeniedException"


def test_the_regions_of_a_member_are_listed_page_by_page(aws: EmbeddedAws) -> None:
    account = client(aws, "account")
    enabled = {"AccountId": HUB, "RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
    pages = [
        page["Regions"]
        for page in account.get_paginator("list_regions").paginate(**enabled, PaginationConfig={"PageSize": 10})
    ]
    assert [len(page) for page in pages] == [10, 7]
    assert {"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"} in [*pages[0], *pages[1]]
    everywhere = account.list_regions()["Regions"]
    assert {"RegionName": "ap-east-1", "RegionOptStatus": "DISABLED"} in everywhere
