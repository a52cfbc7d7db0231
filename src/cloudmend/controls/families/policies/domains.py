"""What a condition key can be in a request of a stranger.

The keys that tell who asks have the stranger's own account, organization, and ids. No policy names them. All keys that
do not stand here are free: a stranger chooses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Shape(NamedTuple):
    """The texts of a key, with IAM's wildcards: `{account}` and `{organization}` are the stranger's own.

    `until`: the text that ends the part which is one caller's alone; empty: the whole is. None: nobody owns a value.
    """

    texts: tuple[str, ...]
    absent: bool = False  # whether a request may lack the key
    until: str | None = None
    first: tuple[str, ...] = ()


_ORGANIZATION: Final = Shape(("{organization}",))
_PATHS: Final = Shape(("{organization}/*",), first=("{organization}/r-1a2b/ou-1a2b-11111111/",))
_ACCOUNT: Final = Shape(("{account}",))
_ROLE: Final = "arn:aws:iam::{account}:role/any"
# Who asks, where a principal of an account does.
SOMEBODY: Final[Mapping[str, Shape]] = {
    "aws:principalaccount": _ACCOUNT,
    "kms:calleraccount": _ACCOUNT,
    "aws:principalarn": Shape(
        (
            "arn:aws*:iam::{account}:role/*",
            "arn:aws*:iam::{account}:user/*",
            "arn:aws*:iam::{account}:root",
            "arn:aws*:sts::{account}:federated-user/*",
        ),
        first=(_ROLE,),
    ),
    "aws:userid": Shape(("AROA*:*", "AIDA*", "{account}", "{account}:*"), until=":", first=("AROASTRANGER:any",)),
    "aws:principaltype": Shape(("AssumedRole", "User", "Account", "FederatedUser")),
    "aws:principalisawsservice": Shape(("false",)),
    "aws:multifactorauthpresent": Shape(("true", "false"), absent=True, first=("true",)),
    "aws:viaawsservice": Shape(("true", "false"), first=("false",)),
    "aws:principalorgid": _ORGANIZATION,
    "aws:principalorgpaths": _PATHS,
}
NOBODY: Final[Mapping[str, Shape]] = {
    "aws:principalaccount": Shape(("anonymous",)),
    "aws:principaltype": Shape(("Anonymous",)),
    "aws:userid": Shape(("anonymous",)),
    "aws:viaawsservice": Shape(("false",)),
}
# The resource for which an AWS service asks.
SOURCES: Final[Mapping[str, Shape]] = {
    "aws:sourceaccount": Shape(("{account}",), absent=True),
    "aws:sourceowner": Shape(("{account}",), absent=True),
    "aws:sourceorgid": Shape(("{organization}",), absent=True),
    "aws:sourceorgpaths": Shape(("{organization}/*",), absent=True, first=_PATHS.first),
    # An ARN of S3, API Gateway, or Route 53 has no account: there the name tells.
    "aws:sourcearn": Shape(
        ("arn:*:*:*:{account}:*", "arn:*:s3:::*", "arn:*:apigateway:*::*", "arn:*:route53:::*"),
        absent=True,
        until="/",
        first=("arn:aws:s3:::any", "arn:aws:sns:us-east-1:{account}:any"),
    ),
    "s3:dataaccesspointaccount": Shape(("{account}",), absent=True),
    "s3:dataaccesspointarn": Shape(("arn:*:s3:*:{account}:accesspoint/*",), absent=True),
    "lambda:eventsourcetoken": Shape(("?*",), absent=True, until=""),
}
# The way through an endpoint of the stranger's own VPC.
ENDPOINT: Final[Mapping[str, Shape]] = {
    "aws:sourcevpc": Shape(("vpc-?*",), until="", first=("vpc-11111111",)),
    "aws:sourcevpce": Shape(("vpce-?*",), until="", first=("vpce-11111111",)),
    "aws:sourcevpcarn": Shape(("arn:aws*:ec2:*:{account}:vpc/?*",)),
    "aws:vpceaccount": _ACCOUNT,
    "aws:vpceorgid": _ORGANIZATION,
    "aws:vpceorgpaths": _PATHS,
    "aws:vpcsourceip": Shape(("?*",), first=("10.0.0.1",)),
}
# What each request has, whoever asks.
ALWAYS: Final[Mapping[str, Shape]] = {
    "aws:securetransport": Shape(("true", "false"), first=("true",)),
    "aws:currenttime": Shape(("?*",), first=("2030-01-01T00:00:00Z",)),
    "aws:epochtime": Shape(("?*",), first=("1893456000",)),
}
# Which instance asks: the stranger's, or no instance.
_INSTANCE: Final[Mapping[str, Shape]] = {"aws:ec2instancesourcevpc": Shape(("vpc-?*",), absent=True, until="")}
EVERYBODY: Final = {**ALWAYS, **_INSTANCE}
SERVICE: Final[Mapping[str, Shape]] = {
    "aws:principalisawsservice": Shape(("true",)),
    "aws:viaawsservice": Shape(("false",)),
}
# The keys of the resource's owner, whose account and organization these are.
OF_OWNERS: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("aws:resourceaccount", "s3:resourceaccount"), Shape(("{account}",), first=("{account}",))),
    "aws:resourceorgid": Shape(("{organization}",), first=("{organization}",)),
    "aws:resourceorgpaths": Shape(("{organization}/*",), first=("{organization}/r-1a2b/",)),
}
# The keys whose values, where a policy has them, are those of callers whom it names.
NAMING: Final = frozenset(
    key
    for key, shape in (*SOMEBODY.items(), *SOURCES.items(), *ENDPOINT.items())
    if shape.until is not None or any("{" in each for each in shape.texts)
)
# AWS's keys of a principal, by their beginnings. A caller who is no principal of an account lacks them.
OF_PRINCIPALS: Final = (
    "aws:principal",
    "aws:calledvia",
    "aws:federatedprovider",
    "aws:multifactorauth",
    "aws:sourceidentity",
    "aws:tokenissuetime",
    "aws:userid",
    "aws:username",
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "kms:calleraccount",
)
_WHOLE: Final = Shape(("?*",), until="")
# The identity providers that serve many customers, by their hosts: the claims that are one customer's alone.
ISSUERS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "token.actions.githubusercontent.com": {
        "sub": Shape(("repo:?*/?*:?*",), until="/", first=("repo:stranger/any:ref:refs/heads/main",)),
        "repository": Shape(("?*/?*",), until="/", first=("stranger/any",)),
        **dict.fromkeys(("repository_id", "repository_owner", "repository_owner_id", "enterprise"), _WHOLE),
    },
    "gitlab.com": {"sub": Shape(("project_path:?*/?*:?*",), until="/", first=("project_path:stranger/any:ref:main",))},
    "app.terraform.io": {"sub": Shape(("organization:?*:project:?*",), until=":project")},
    "agent.buildkite.com": {"sub": Shape(("organization:?*:pipeline:?*",), until=":pipeline")},
    "cognito-identity.amazonaws.com": {"aud": _WHOLE, "sub": _WHOLE},
    "accounts.google.com": {"aud": _WHOLE, "oaud": _WHOLE, "sub": _WHOLE},
    "graph.facebook.com": {"app_id": _WHOLE, "id": _WHOLE},
    "www.amazon.com": {"app_id": _WHOLE, "user_id": _WHOLE},
}
