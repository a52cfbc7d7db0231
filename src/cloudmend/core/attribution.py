"""The caller, the tool, and the origin of a call, and a hint that keeps infrastructure code from repeating it.

Which service called is AWS's own word. A user agent is the caller's: what is read from it says so. All
names are data as they came, to be escaped where they are shown.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cloudmend.core.model import Actor, Attribution


class _Client(NamedTuple):
    """A client of AWS's API, and the hint for the owner of what it manages."""

    name: str
    hint: str = ""


_SOURCE_RANGES: Final = "set spec.loadBalancerSourceRanges of the Kubernetes Service"

# By the first label of the service's name: cloudformation.amazonaws.com.
_SERVICES: Final = {
    "cloudformation": _Client(
        "AWS CloudFormation",
        "The next update of its stack may open it again: narrow the rule in the stack's template, or in the CDK or "
        "SAM application that the template comes from. The tag aws:cloudformation:stack-name names the stack.",
    ),
    "eks": _Client(
        "Amazon EKS",
        f"The cluster may open it again: {_SOURCE_RANGES} that the load balancer belongs to.",
    ),
    "elasticbeanstalk": _Client(
        "AWS Elastic Beanstalk",
        "The next update of its environment may open it again: narrow it in the environment's configuration, SSH by "
        "SSHSourceRestriction in aws:autoscaling:launchconfiguration.",
    ),
    "elasticmapreduce": _Client(
        "Amazon EMR",
        "The next cluster may open it again: turn on EMR's block public access, or name your own security groups as "
        "EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup.",
    ),
}
_OTHER_SERVICE: Final = "It may open it again: narrow it in the configuration of what that service manages."
_CONSOLE: Final = _Client("the AWS Management Console")
_INSIDE: Final = _Client("an AWS service that CloudTrail does not name")

# By a mark in the user agent. The first that fits counts: tools name the tools and the SDK they are made of.
_TOOLS: Final = (
    (
        "elbv2.k8s.aws/",
        _Client(
            "the AWS Load Balancer Controller",
            "It opens it again within minutes: set the annotation alb.ingress.kubernetes.io/inbound-cidrs of the "
            f"Kubernetes Ingress, or {_SOURCE_RANGES}.",
        ),
    ),
    (
        "aws.cluster.x-k8s.io/",
        _Client(
            "the Kubernetes Cluster API",
            "It opens it again: narrow the ingress rules in the AWSCluster that it reconciles.",
        ),
    ),
    (
        "karpenter.sh-",
        _Client("Karpenter", "It may do so again: change the EC2NodeClass that it reconciles."),
    ),
    (
        "kubernetes/",
        _Client("the Kubernetes cloud provider for AWS", f"It may open it again: {_SOURCE_RANGES}."),
    ),
    (
        "crossplane-provider-",
        _Client("Crossplane", "It opens it again: narrow the managed resource in its Kubernetes manifest."),
    ),
    (
        "Pulumi",
        _Client("Pulumi", "The next update may open it again: narrow the rule in the Pulumi program."),
    ),
    (
        "Terraform/",
        _Client(
            "Terraform or OpenTofu",
            "The next apply may open it again: narrow the rule in the Terraform configuration.",
        ),
    ),
    (
        "Ansible/",
        _Client("Ansible", "The next run may open it again: narrow the rule in the playbook."),
    ),
    (
        "aws-cdk/",
        _Client("the AWS CDK", "The next deployment may open it again: narrow the rule in the CDK application."),
    ),
    ("S3Console/", _CONSOLE),
    ("exec-env/CloudShell", _Client("the AWS CLI in AWS CloudShell")),
    ("aws-cli/", _Client("the AWS CLI")),
    ("Boto3/", _Client("the AWS SDK for Python")),
    ("Botocore/", _Client("the AWS SDK for Python")),
    ("aws-sdk-", _Client("an AWS SDK")),
    ("AWS Internal", _INSIDE),
    ("console.", _CONSOLE),
    ("signin.", _CONSOLE),
    ("Mozilla/", _CONSOLE),  # since 2023 the console's own calls show the browser
)

_SERVICE: Final = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", re.ASCII)
_SIGN_IN: Final = "signin.amazonaws.com"  # until 2019 the "service" behind a person in the console
_ACCOUNT: Final = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d+):", re.ASCII)
# Only IAM Identity Center can make roles under this path.
_SSO_ROLE: Final = re.compile(
    r"arn:[a-z-]+:iam::\d+:role/aws-reserved/sso\.amazonaws\.com/([a-z0-9-]+/)?"
    r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}",
    re.ASCII,
)


def attribute(actor: Actor) -> Attribution:
    """The actor in words. Nothing is missing: what the event does not tell is said to be unknown."""
    through, hint = _through(actor)
    return Attribution(who=_who(actor), through=through, where=_where(actor), hint=hint)


def principal(actor: Actor) -> str:
    """Return what AWS calls the role, the user or the service that called; empty if the record does not tell."""
    return actor.role_arn or actor.arn or actor.on_behalf_of or actor.invoked_by


def person(actor: Actor) -> str:
    """Return whom to ask about the call: the person where the record names one, else the principal."""
    is_named = actor.on_behalf_of or actor.source_identity or _SSO_ROLE.fullmatch(actor.role_arn)
    return _who(actor) if is_named else principal(actor)


def is_stranger(actor: Actor, account: str) -> bool:
    """Return whether the caller is of another account than the one that was changed, or is not known."""
    named = _ACCOUNT.match(actor.arn)
    own = actor.account or (named[1] if named else "")
    return not principal(actor) or own not in ("", account)


def _who(actor: Actor) -> str:
    """The caller, and the person behind it where the record names one."""
    if actor.kind == "IdentityCenterUser" and actor.on_behalf_of:
        return _person(actor)
    source = f", with the source identity {actor.source_identity}" if actor.source_identity else ""
    behind = f", on behalf of {_person(actor)}" if actor.on_behalf_of else ""
    return f"{_caller(actor)}{source}{behind}"


def _person(actor: Actor) -> str:
    store = f" of the identity store {actor.identity_store}" if actor.identity_store else ""
    return f"the IAM Identity Center user {actor.on_behalf_of}{store}"


def _caller(actor: Actor) -> str:
    name = actor.user_name or actor.arn.rpartition("/")[2]
    account = f" of account {actor.account}" if actor.account else ""
    match actor.kind:
        case "Root":
            return f"the root user{account}"
        case "IAMUser" if name:
            return f"the IAM user {name}{account}"
        case "FederatedUser" if name:
            return f"the federated user {name}{account}"
        case "AssumedRole" if actor.role_arn:
            return _session(actor.arn.rpartition("/")[2], actor.role_arn)
        case "AWSService":
            return f"the AWS service {actor.invoked_by or 'that the event does not name'}"
    known = " ".join(filter(None, (actor.kind, actor.arn or name)))
    return (known or "somebody unknown") + account


def _session(name: str, role: str) -> str:
    """The session of a role. Its name is the caller's choice, but IAM Identity Center's is the person's."""
    if sso := _SSO_ROLE.fullmatch(role):
        return f"{name}, by IAM Identity Center with the permission set {sso['permission_set']}"
    return f"a session that calls itself {name}, of the role {role}"


def _through(actor: Actor) -> _Client:
    if service := _service(actor):
        label = service.partition(".")[0]
        return _SERVICES.get(label, _Client(f"the AWS service {service}", _OTHER_SERVICE))
    tool = next((tool for mark, tool in _TOOLS if mark in actor.user_agent), None)
    if actor.from_console or actor.invoked_by == _SIGN_IN:
        return _in_console(tool)
    if tool:
        return _Client(f"{tool.name}, by its user agent", tool.hint)
    if actor.user_agent:
        return _Client(f"a client that calls itself {actor.user_agent}")
    return _Client("unknown")


def _in_console(tool: _Client | None) -> _Client:
    """The console, or what was run with the credentials of its session."""
    if tool in (None, _CONSOLE, _INSIDE):
        return _CONSOLE
    return _Client(f"{tool.name}, by its user agent, in a console session", tool.hint)


def _service(actor: Actor) -> str:
    """The AWS service that called; empty for a client of the caller's own."""
    names = (name for name in (actor.invoked_by, actor.source_ip) if _SERVICE.fullmatch(name) and name != _SIGN_IN)
    return next(names, "")


def _where(actor: Actor) -> str:
    if _SERVICE.fullmatch(actor.source_ip):
        return f"inside AWS ({actor.source_ip})"
    return actor.source_ip or "unknown"
