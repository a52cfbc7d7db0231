"""Who did it, through what, from where, in words; and what the owner of infrastructure code is told."""

from __future__ import annotations

from typing import Final

import pytest

from cloudmend.controls.security_group_ingress.explain import HINTS
from cloudmend.core.attribution import attribute
from cloudmend.core.events import parse_event
from cloudmend.core.model import Actor, ApiCall, Attribution, Hints
from event_fixtures import EVENTS

JANE: Final = "the IAM user jane of account 111122223333"
HOME: Final = "198.51.100.24"
CLI: Final = "the AWS CLI, by its user agent"
PERSON: Final = "the IAM Identity Center user 94d00cd8-e9e6-4810-b177-b08e84725435 of the identity store d-1234567890"
PIPELINE: Final = "a session that calls itself deploy-42, of the role arn:aws:iam::123456789012:role/ci/pipeline"
CONSOLE: Final = "the AWS Management Console"

# For each fixture: who, through what, from where, and a word of the hint; empty where a person did it by hand.
FIXTURES: Final = {
    "nested": (JANE, CLI, HOME, ""),
    "flat": (JANE, "the AWS SDK for Python, by its user agent", HOME, ""),
    "modify-one-rule": (JANE, CONSOLE, HOME, ""),
    "who-root": ("the root user of account 111122223333", CONSOLE, HOME, ""),
    "who-user-in-the-console": (JANE, f"{CONSOLE}, by its user agent", HOME, ""),
    "who-user-in-cloudshell": (
        JANE,
        "the AWS CLI in AWS CloudShell, by its user agent, in a console session",
        "203.0.113.66",
        "",
    ),
    "who-identity-center": (
        "jane=doe@example.com, by IAM Identity Center with the permission set NetworkAdmin",
        CONSOLE,
        HOME,
        "",
    ),
    "who-another-account": (
        "a session that calls itself deploy-42, of the role arn:aws:iam::123456789012:role/ci/pipeline",
        "Terraform or OpenTofu, by its user agent",
        HOME,
        "Terraform configuration",
    ),
    "who-instance": (
        "a session that calls itself i-0a7c5e3b1d9f28460, of the role arn:aws:iam::111122223333:role/web-server",
        "an AWS SDK, by its user agent",
        "10.4.7.19",
        "",
    ),
    "who-cloudformation": (
        JANE,
        "AWS CloudFormation",
        "inside AWS (cloudformation.amazonaws.com)",
        "the stack's template",
    ),
    "who-eks": (
        (
            "a session that calls itself AmazonEKS, of the role "
            "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
        ),
        "Amazon EKS",
        "inside AWS (eks.amazonaws.com)",
        "spec.loadBalancerSourceRanges",
    ),
    "who-load-balancer-controller": (
        (
            "a session that calls itself 1760089471623854917, of the role "
            "arn:aws:iam::111122223333:role/load-balancer-controller"
        ),
        "the AWS Load Balancer Controller, by its user agent",
        "203.0.113.140",
        "alb.ingress.kubernetes.io/inbound-cidrs",
    ),
    "who-signin": (JANE, CONSOLE, HOME, ""),
    "who-identity-center-user": (f"{PERSON}", CLI, HOME, ""),
    "who-on-behalf-of": (f"{PIPELINE}, on behalf of {PERSON}", CLI, HOME, ""),
    "who-source-identity": (f"{PIPELINE}, with the source identity jane", CLI, HOME, ""),
    "who-service": (
        "the AWS service fms.amazonaws.com",
        "the AWS service fms.amazonaws.com",
        "inside AWS (fms.amazonaws.com)",
        "what that service manages",
    ),
    "who-arn-alone": ("arn:aws:iam::111122223333:user/team/jane", CLI, HOME, ""),
    "who-bare-string": ("arn:aws:iam::111122223333:user/team/jane", CLI, HOME, ""),
    "who-nobody": ("somebody unknown", "unknown", "unknown", ""),
}


@pytest.mark.parametrize("name", FIXTURES)
def test_each_kind_of_identity_is_told_in_words(name: str) -> None:
    call = parse_event(EVENTS[name])
    assert isinstance(call, ApiCall)
    who, through, where, hint = FIXTURES[name]
    told = attribute(call.actor, HINTS)
    assert (told.who, told.through, told.where) == (who, through, where)
    assert hint in told.hint
    assert bool(hint) == bool(told.hint)


def test_every_fixture_of_an_identity_is_told() -> None:
    assert {name for name in EVENTS if name.startswith("who-")} <= FIXTURES.keys()


@pytest.mark.parametrize(
    ("user_agent", "name", "hint"),
    [
        (
            "APN/1.0 Pulumi/1.0 Pulumi-Aws/7.8.0 (+https://www.pulumi.com) aws-sdk-go-v2/1.39.0",
            "Pulumi",
            "Pulumi program",
        ),
        (
            (
                "APN/1.0 HashiCorp/1.0 Terraform/1.5.5 (+https://www.terraform.io) terraform-provider-aws/5.60.0 "
                "aws-sdk-go-v2/1.30.3 os/linux crossplane-provider-aws-upbound/v1.11.0"
            ),
            "Crossplane",
            "Kubernetes manifest",
        ),
        (
            "aws-sdk-go/1.10.18 (go1.8; linux; amd64) APN/1.0 HashiCorp/1.0 Terraform/0.9.8",
            "Terraform or OpenTofu",
            "apply",
        ),
        ("Boto3/1.40.2 APN/1.0 Ansible/2.19.1 amazon.aws/10.1.0 Botocore/1.40.2", "Ansible", "playbook"),
        (
            "aws-sdk-js/3.888.0 ua/2.1 os/linux lang/js md/nodejs#22.19.0 aws-cdk/2.1029.3",
            "the AWS CDK",
            "CDK application",
        ),
        ("aws-sdk-go-v2/1.36.3 ua/2.1 os/linux api/ec2#1.200.0 karpenter.sh-1.6.3", "Karpenter", "EC2NodeClass"),
        ("aws.cluster.x-k8s.io/v2.9.1 aws-sdk-go-v2/1.36.3", "the Kubernetes Cluster API", "AWSCluster"),
        (
            "kubernetes/v1.26.4 aws-sdk-go/1.44.241 (go1.19.8; linux; amd64)",
            "the Kubernetes cloud provider for AWS",
            "spec.loadBalancerSourceRanges",
        ),
        ("aws-cli/1.42.30 md/Botocore#1.40.30 ua/2.1 Botocore/1.40.30", "the AWS CLI", ""),
        ("[aws-sdk-go/1.1.0 (go1.5.2; darwin; amd64)]", "an AWS SDK", ""),
        ("Botocore/1.40.2 ua/2.1 os/linux#6.8.0", "the AWS SDK for Python", ""),
        ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.10.184]", CONSOLE, ""),
        ("signin.amazonaws.com", CONSOLE, ""),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", CONSOLE, ""),
        ("AWS Internal", "an AWS service that CloudTrail does not name", ""),
    ],
)
def test_a_tool_is_known_by_its_user_agent_and_said_to_be_so(user_agent: str, name: str, hint: str) -> None:
    told = attribute(Actor(user_agent=user_agent), HINTS)
    assert told.through == f"{name}, by its user agent"
    assert hint in told.hint
    assert bool(hint) == bool(told.hint)


def test_a_client_that_is_not_known_is_told_as_it_calls_itself() -> None:
    assert attribute(Actor(user_agent="curl/8.5.0")).through == "a client that calls itself curl/8.5.0"


@pytest.mark.parametrize(
    ("service", "name", "hint"),
    [
        ("elasticbeanstalk.amazonaws.com", "AWS Elastic Beanstalk", "SSHSourceRestriction"),
        ("elasticmapreduce.amazonaws.com", "Amazon EMR", "block public access"),
        ("cloudformation.amazonaws.com.cn", "AWS CloudFormation", "template"),
        (
            "ec2.application-autoscaling.amazonaws.com",
            "the AWS service ec2.application-autoscaling.amazonaws.com",
            "It",
        ),
    ],
)
def test_a_service_is_believed_whether_it_is_named_as_caller_or_as_source(service: str, name: str, hint: str) -> None:
    for actor in (Actor(invoked_by=service, user_agent="aws-cli/2"), Actor(source_ip=service, from_console=True)):
        told = attribute(actor, HINTS)
        assert told.through == name
        assert hint in told.hint


@pytest.mark.parametrize("user_agent", ["cloudformation.amazonaws.com", "eks.amazonaws.com"])
def test_a_user_agent_that_looks_like_a_service_is_not_believed(user_agent: str) -> None:
    told = attribute(Actor(user_agent=user_agent, source_ip=HOME))
    assert (told.through, told.hint) == (f"a client that calls itself {user_agent}", "")


@pytest.mark.parametrize("user_agent", ["", "AWS Internal", "Mozilla/5.0 (X11; Linux x86_64)", "something new"])
def test_a_console_session_is_believed_on_cloudtrail_s_word(user_agent: str) -> None:
    assert attribute(Actor(from_console=True, user_agent=user_agent)).through == CONSOLE


def test_a_tool_with_the_credentials_of_a_console_session_has_its_hint_still() -> None:
    told = attribute(Actor(from_console=True, user_agent="APN/1.0 HashiCorp/1.0 Terraform/1.5.5"))
    assert told.through == "Terraform or OpenTofu, by its user agent, in a console session"
    assert "Terraform configuration" in told.hint


@pytest.mark.parametrize(
    ("actor", "who"),
    [
        (Actor(kind="Root"), "the root user"),
        (
            Actor(kind="IAMUser", arn="arn:aws:iam::111122223333:user/team/jane"),
            "the IAM user jane",
        ),
        (
            Actor(kind="FederatedUser", arn="arn:aws:sts::111122223333:federated-user/joe", account="111122223333"),
            "the federated user joe of account 111122223333",
        ),
        (Actor(kind="AWSAccount", account="123456789012"), "AWSAccount of account 123456789012"),
        (Actor(account="123456789012"), "somebody unknown of account 123456789012"),
        (Actor(kind="IAMUser"), "IAMUser"),
        (
            Actor(kind="AssumedRole", arn="arn:aws:sts::111122223333:assumed-role/Admin/jane"),
            "AssumedRole arn:aws:sts::111122223333:assumed-role/Admin/jane",
        ),
        (Actor(kind="AWSService"), "the AWS service that the event does not name"),
    ],
)
def test_an_identity_that_tells_little_is_told_as_far_as_it_is_known(actor: Actor, who: str) -> None:
    assert attribute(actor).who == who


def test_a_role_that_only_looks_like_identity_center_s_is_a_role_like_any_other() -> None:
    role = "arn:aws:iam::111122223333:role/AWSReservedSSO_NetworkAdmin_3f9c0b7d51e2a486"
    actor = Actor(kind="AssumedRole", arn="arn:aws:sts::111122223333:assumed-role/x/boss@example.com", role_arn=role)
    assert attribute(actor).who == f"a session that calls itself boss@example.com, of the role {role}"


def test_a_person_whose_identity_store_is_not_told_is_named_all_the_same() -> None:
    actor = Actor(kind="IdentityCenterUser", on_behalf_of="94d00cd8")
    assert attribute(actor).who == "the IAM Identity Center user 94d00cd8"


def test_hostile_text_is_passed_on_as_data() -> None:
    hostile = '<!channel> `x`\n{"level":"INFO"} %s {0} {actor}'
    told = attribute(Actor(kind="IAMUser", user_name=hostile, user_agent=hostile, source_ip=hostile))
    assert told == Attribution(
        who=f"the IAM user {hostile}",
        through=f"a client that calls itself {hostile}",
        where=hostile,
    )


@pytest.mark.parametrize(
    ("user_agent", "hints", "hint"),
    [
        ("aws-cli/2", Hints(), ""),
        ("aws-cli/2", Hints(of={"the AWS CLI": "Take it out of the script."}), "Take it out of the script."),
        ("curl/8", Hints(of={"curl": "Take it out of the script."}), ""),
        (
            "Terraform/1",
            Hints(again="do so again", change="close it"),
            "The next apply may do so again: close it in the Terraform configuration.",
        ),
        ("Terraform/1", Hints(of={"Terraform or OpenTofu": "Apply it."}), "Apply it."),
        ("", Hints(again="do so again"), ""),
    ],
)
def test_the_hint_is_the_control_s_own_for_a_client_or_else_that_of_the_client(
    user_agent: str, hints: Hints, hint: str
) -> None:
    assert attribute(Actor(user_agent=user_agent), hints).hint == hint
