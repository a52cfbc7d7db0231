"""Random resource policies of few names, so that their conditions, Denies, and principals often meet."""

from __future__ import annotations

from random import Random
from typing import Any, Final

Json = dict[str, Any]

OWNER: Final = "111122223333"
ORGANIZATION: Final = "o-mine"
GITHUB: Final = f"arn:aws:iam::{OWNER}:oidc-provider/token.actions.githubusercontent.com"
COGNITO: Final = "cognito-identity.amazonaws.com"
SERVICES: Final = ("cloudtrail.amazonaws.com", "sns.amazonaws.com")

STRINGS: Final = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
FOLDED: Final = ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
ARNS: Final = ("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike")
ORDERS: Final = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
NUMBERS: Final = tuple(f"Numeric{order}" for order in ORDERS)
DATES: Final = tuple(f"Date{order}" for order in ORDERS)
ADDRESSES: Final = ("IpAddress", "NotIpAddress")
SETS: Final = tuple(f"{each}:{name}" for each in ("ForAllValues", "ForAnyValue") for name in STRINGS)
# The keys of conditions, the operators that fit them, and the values in policies.
_COLONS: Final = 5  # of an ARN
KEYS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "aws:PrincipalOrgID": (
        STRINGS + FOLDED,
        (ORGANIZATION, ORGANIZATION, "o-*", "o-m*", "*", "O-MINE", "o-mine?", "${aws:ResourceOrgID}"),
    ),
    "aws:PrincipalOrgPaths": (SETS, ("o-mine/*", "o-*/*", "o-mine/r-ab/ou-x/*", "*", "*/r-ab/*")),
    "aws:PrincipalAccount": (
        STRINGS + FOLDED,
        (OWNER, OWNER, "1111*", "*", "anonymous", "4*", "?*3", "${aws:ResourceAccount}"),
    ),
    "aws:PrincipalArn": (
        STRINGS + ARNS,
        (
            f"arn:aws:iam::{OWNER}:role/*",
            "arn:aws:iam::*:role/deploy",
            "arn:aws:iam::11*:*",
            "arn:aws:iam::55*",
            "*:user/*",
            "arn:aws:iam::*:role/${aws:PrincipalTag/team}",
        ),
    ),
    "aws:PrincipalType": (STRINGS, ("User", "AssumedRole", "Anonymous", "A*")),
    "aws:userid": (STRINGS, ("AROAEXAMPLEID:*", "AROA*", "AIDAEXAMPLEID", "*:bot", OWNER)),
    "aws:username": (STRINGS, ("bob", "b*", "${aws:PrincipalTag/team}")),
    "aws:SourceArn": (
        STRINGS + ARNS,
        ("arn:aws:s3:::mine", "arn:aws:s3:::*", f"arn:aws:sns:*:{OWNER}:*", "arn:aws:sns:*:*:alarms", "arn:aws:*"),
    ),
    "aws:SourceAccount": (STRINGS, (OWNER, "1111*", "*", "${aws:PrincipalAccount}")),
    "aws:SourceOrgID": (STRINGS, (ORGANIZATION, "o-*")),
    "aws:SourceVpce": (STRINGS, ("vpce-1", "vpce-*", "*", "${aws:SourceVpce}")),
    "aws:SourceVpc": (STRINGS, ("vpc-1", "vpc-?", "${aws:PrincipalTag/team}")),
    "aws:SourceIp": (
        ADDRESSES,
        ("8.8.8.0/24", "8.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/0", "::/0", "2600::/32", "54.1.2.9/24"),
    ),
    "aws:VpcSourceIp": (ADDRESSES, ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3")),
    "aws:PrincipalIsAWSService": (("Bool",), ("true", "false")),
    "aws:ViaAWSService": (("Bool",), ("true", "false")),
    "aws:SecureTransport": (("Bool",), ("true", "false", "False")),
    "aws:MultiFactorAuthPresent": (("Bool",), ("true", "false")),
    "aws:PrincipalServiceName": (STRINGS, (*SERVICES, "*.amazonaws.com", "s*")),
    "aws:Referer": (STRINGS + FOLDED, ("https://example.com/", "https://*", "*", "HTTPS://EXAMPLE.COM/", "a*b?c")),
    "aws:PrincipalTag/team": (
        STRINGS + FOLDED,
        ("red", "Red", "r*", "?ed", "${aws:username}", "${aws:Referer}", "${s3:prefix, 'red'}", "r${*}"),
    ),
    "s3:prefix": (STRINGS, ("home/", "home/*", "home/${aws:username}/*", "")),
    "s3:max-keys": (NUMBERS, ("10", "11", "10.5", "0", "-1")),
    "aws:CurrentTime": (DATES, ("2026-11-29T05:00:00Z", "2026-11-29T05:00:01Z", "2030-01-01", "2040", "1893456000")),
    "aws:CalledVia": (SETS, ("athena.amazonaws.com", "a*", "dynamodb.amazonaws.com")),
    "s3:ExistingObjectTag/a": (("BinaryEquals",), ("YQ==", "Yg==", "no base64")),
}
CLAIMS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "token.actions.githubusercontent.com:sub": (
        STRINGS,
        ("repo:acme/*", "repo:acme/app:ref:refs/heads/main", "repo:*"),
    ),
    "token.actions.githubusercontent.com:aud": (STRINGS, ("sts.amazonaws.com", "s*")),
    "token.actions.githubusercontent.com:repository_owner": (STRINGS, ("acme", "ac*")),
    f"{COGNITO}:aud": (STRINGS, ("eu-west-1:pool", "eu-west-1:*")),
    f"{COGNITO}:amr": (SETS, ("authenticated", "un*")),
    "sts:ExternalId": (STRINGS, ("secret", "s*")),
}
ACTIONS: Final = (
    "s3:GetObject",
    "s3:Get*",
    "s3:*",
    "*",
    "S3:getobject",
    "s3:PutObject",
    "s3:*Object",
    "sqs:SendMessage",
)
RESOURCES: Final = (
    *("arn:aws:s3:::b/*", "arn:aws:s3:::b/private/*", "arn:aws:s3:::b", "arn:aws:s3:::*", "*", "arn:aws:s3*"),
    *("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/?rivate/a", "arn:aws:s3:::b/${aws:PrincipalTag/team}"),
)
TRUSTS: Final = ("sts:AssumeRole", "sts:*", "sts:AssumeRoleWithWebIdentity", "sts:Assume*")
PRINCIPALS: Final[tuple[Json, ...]] = (
    *[{"Principal": "*"}] * 5,
    {"Principal": {"AWS": "*"}},
    {"Principal": {"AWS": [f"arn:aws:iam::{OWNER}:root", "*"]}},
    {"Principal": {"AWS": OWNER}},
    {"Principal": {"AWS": f"arn:aws:iam::{OWNER}:role/deploy"}},
    {"Principal": {"Service": SERVICES[0]}},
    {"Principal": {"Service": list(SERVICES)}},
    {"Principal": {"AWS": OWNER, "Service": SERVICES[1]}},
    {"Principal": {"CanonicalUser": "0123abcd"}},
    {"NotPrincipal": {"AWS": [OWNER, f"arn:aws:iam::{OWNER}:root"]}},
    {"NotPrincipal": {"Service": SERVICES[0]}},
    {"NotPrincipal": {"AWS": "*"}},
)
FEDERATED: Final[tuple[Json, ...]] = tuple({"Principal": {"Federated": each}} for each in (GITHUB, COGNITO, "saml"))


class RandomPolicies:
    """A source of random policies. Two in ten are trust policies of roles."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def policy(self) -> Json:
        self._trust = self._chance(0.2)
        keys = {**KEYS, **(CLAIMS if self._trust else {})}
        # The fewer keys, the more statements speak of the same.
        self._keys = {
            key: keys[key] for key in self._random.sample(list(keys), self._random.choice((1, 1, 2, 2, 3, 5)))
        }
        if self._trust and self._chance(0.5):
            self._keys |= self._some(CLAIMS)
        number = self._random.choice((1, 1, 1, 2, 2, 3))
        statements = [self._statement("Allow") for _ in range(number)]
        statements += [self._statement("Deny") for _ in range(self._random.choice((0, 0, 1, 1, 2, 3)))]
        self._random.shuffle(statements)
        alone = len(statements) == 1 and self._chance(0.3)
        version = {"Version": "2012-10-17"} if self._chance(0.85) else {}
        return {**version, "Statement": statements[0] if alone else statements}

    def _chance(self, of: float) -> bool:
        return self._random.random() < of

    def _some(self, of: Any) -> Any:
        return dict(self._random.sample(list(of.items()), 1))

    def _statement(self, effect: str) -> Json:
        principals = self._principals(effect)
        body = {
            "Effect": effect,
            **principals,
            **self._actions(effect),
            **({} if self._trust else self._resources(effect)),
        }
        if self._chance(0.75):
            body["Condition"] = self._conditions()
        return body

    def _principals(self, effect: str) -> Json:
        if effect == "Deny" and self._chance(0.6):
            return {"Principal": "*"}
        return self._random.choice((*PRINCIPALS, *FEDERATED * 3) if self._trust else PRINCIPALS)

    def _actions(self, effect: str) -> Json:
        actions = TRUSTS if self._trust else ACTIONS
        broad = effect == "Deny" and self._chance(0.5)
        return self._listed("Action", ("sts:*" if self._trust else "*",) if broad else actions)

    def _resources(self, effect: str) -> Json:
        broad = effect == "Deny" and self._chance(0.5)
        return self._listed("Resource", ("*",) if broad else RESOURCES)

    def _listed(self, element: str, values: tuple[str, ...]) -> Json:
        chosen = self._random.choices(values, k=self._random.choice((1, 1, 2)))
        negated = len(values) > 1 and self._chance(0.15)
        return {f"Not{element}" if negated else element: self._scalar(chosen)}

    def _scalar(self, values: list[str]) -> Any:
        return values[0] if len(values) == 1 and self._chance(0.5) else values

    def _conditions(self) -> Json:
        found: dict[str, Json] = {}
        for _ in range(self._random.choice((1, 1, 2, 3))):
            key = self._random.choice(list(self._keys))
            operators, values = self._keys[key]
            operator = self._random.choice(operators) + ("IfExists" if self._chance(0.2) else "")
            if operator.startswith("Arn"):  # test_differences.py has what the library thinks of fewer colons
                values = tuple(value for value in values if value.count(":") >= _COLONS)
            chosen = self._random.choices(values, k=self._random.choice((1, 1, 1, 2, 3)))
            if self._chance(0.1):
                operator, chosen = "Null", [self._random.choice(("true", "false"))]
            key = key.swapcase() if self._chance(0.1) and "/" not in key else key
            operator = operator.lower() if self._chance(0.05) else operator
            found.setdefault(operator, {})[key] = self._value(chosen) if self._chance(0.97) else []
        return found

    def _value(self, chosen: list[str]) -> Any:
        if chosen in (["true"], ["false"]) and self._chance(0.3):
            return chosen == ["true"]
        return self._scalar(chosen)
