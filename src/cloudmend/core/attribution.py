"""The caller, the tool, and the origin of a call, and a hint that keeps infrastructure code from repeating it.

Which service called is AWS's own word. A user agent is the caller's: what is read from it says so. All
names are data as they came, to be escaped where they are shown.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cloudmend.core.model import Actor, Attribution, Hints


class _Client(NamedTuple):
    """A client of AWS's API, and the hint for the owner of what it manages: with {again} and {change} of a control."""

    name: str
    hint: str = ""


# By the first label of the service's name: cloudformation.amazonaws.com.
_SERVICES: Final = {
    "cloudformation": _Client(
        "AWS CloudFormation",
        "The next update of its stack may {again}: {change} in the stack's template, or in the CDK or SAM application "
        "that the template comes from. The tag aws:cloudformation:stack-name names the stack.",
    ),
    "eks": _Client("Amazon EKS", "The cluster may {again}: {change} in the manifest that the cluster makes it from."),
    "elasticbeanstalk": _Client(
        "AWS Elastic Beanstalk",
        "The next update of its environment may {again}: {change} in the environment's configuration.",
    ),
    "elasticmapreduce": _Client(
        "Amazon EMR", "The next cluster may {again}: {change} in the configuration of the cluster."
    ),
}
_OTHER_SERVICE: Final = "It may {again}: {change} in the configuration of what that service manages."
_RECONCILES: Final = "It may {again}: {change} in what it reconciles."
_CONSOLE: Final = _Client("the AWS Management Console")
_INSIDE: Final = _Client("an AWS service that CloudTrail does not name")
_UNKNOWN: Final = _Client("")

# By a mark in the user agent. The first that fits counts: tools name the tools and the SDK they are made of.
_TOOLS: Final = (
    ("elbv2.k8s.aws/", _Client("the AWS Load Balancer Controller", _RECONCILES)),
    ("aws.cluster.x-k8s.io/", _Client("the Kubernetes Cluster API", _RECONCILES)),
    ("karpenter.sh-", _Client("Karpenter", "It may do so again: change the EC2NodeClass that it reconciles.")),
    ("kubernetes/", _Client("the Kubernetes cloud provider for AWS", _RECONCILES)),
    ("crossplane-provider-", _Client("Crossplane", "It will {again}: {change} in the resource's Kubernetes manifest.")),
    ("Pulumi", _Client("Pulumi", "The next update may {again}: {change} in the Pulumi program.")),
    (
        "Terraform/",
        _Client("Terraform or OpenTofu", "The next apply may {again}: {change} in the Terraform configuration."),
    ),
    ("Ansible/", _Client("Ansible", "The next run may {again}: {change} in the playbook.")),
    ("aws-cdk/", _Client("the AWS CDK", "The next deployment may {again}: {change} in the CDK application.")),
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

NO_HINTS: Final = Hints()
_SERVICE: Final = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", re.ASCII)
_SIGN_IN: Final = "signin.amazonaws.com"  # until 2019 the "service" behind a person in the console
_ACCOUNT: Final = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d+):", re.ASCII)
# Only IAM Identity Center can make roles under this path.
_SSO_ROLE: Final = re.compile(
    r"arn:[a-z-]+:iam::\d+:role/aws-reserved/sso\.amazonaws\.com/([a-z0-9-]+/)?"
    r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}",
    re.ASCII,
)


def attribute(actor: Actor, hints: Hints = NO_HINTS) -> Attribution:
    """Describe the actor in words. A fact that the event does not report is called unknown.

    `hints` are those of the control whose finding the actor's call led to.
    """
    through, _ = _through(actor)
    return Attribution(who=_who(actor), through=through, where=_where(actor), hint=hint(actor, hints))


def hint(actor: Actor, hints: Hints) -> str:
    """Return how the owner of the client behind a call keeps it from repeating the call; empty for a person."""
    _, client = _through(actor)
    return hints.of.get(client.name) or client.hint.format(again=hints.again, change=hints.change)


def principal(actor: Actor) -> str:
    """Return AWS's name of the role, the user or the service that called; empty if the record does not name it."""
    return actor.role_arn or actor.arn or actor.on_behalf_of or actor.invoked_by


def person(actor: Actor) -> str:
    """Return whom to ask about the call: the person if the record names one, otherwise the principal."""
    is_named = actor.on_behalf_of or actor.source_identity or _SSO_ROLE.fullmatch(actor.role_arn)
    return _who(actor) if is_named else principal(actor)


def is_stranger(actor: Actor, account: str) -> bool:
    """Return whether the caller is of another account than the one that was changed, or is not known."""
    named = _ACCOUNT.match(actor.arn)
    own = actor.account or (named[1] if named else "")
    return not principal(actor) or own not in ("", account)


def _who(actor: Actor) -> str:
    """Return the caller, and the person behind it if the record names one."""
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
    """Return the session of a role. Its name is the caller's choice, but IAM Identity Center's is the person's."""
    if sso := _SSO_ROLE.fullmatch(role):
        return f"{name}, by IAM Identity Center with the permission set {sso['permission_set']}"
    return f"a session that calls itself {name}, of the role {role}"


def _through(actor: Actor) -> tuple[str, _Client]:
    """Return the client in words, and the client."""
    if service := _service(actor):
        label = service.partition(".")[0]
        known = _SERVICES.get(label, _Client(f"the AWS service {service}", _OTHER_SERVICE))
        return known.name, known
    tool = next((tool for mark, tool in _TOOLS if mark in actor.user_agent), None)
    if actor.from_console or actor.invoked_by == _SIGN_IN:
        return _in_console(tool)
    if tool:
        return f"{tool.name}, by its user agent", tool
    if actor.user_agent:
        return f"a client that calls itself {actor.user_agent}", _UNKNOWN
    return "unknown", _UNKNOWN


def _in_console(tool: _Client | None) -> tuple[str, _Client]:
    """Return the console, or the client that was run with the credentials of its session."""
    if tool in (None, _CONSOLE, _INSIDE):
        return _CONSOLE.name, _CONSOLE
    return f"{tool.name}, by its user agent, in a console session", tool


def _service(actor: Actor) -> str:
    """Return the AWS service that called; empty for a client of the caller's own."""
    names = (name for name in (actor.invoked_by, actor.source_ip) if _SERVICE.fullmatch(name) and name != _SIGN_IN)
    return next(names, "")


def _where(actor: Actor) -> str:
    if _SERVICE.fullmatch(actor.source_ip):
        return f"inside AWS ({actor.source_ip})"
    return actor.source_ip or "unknown"
