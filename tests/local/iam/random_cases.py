"""Random requests of IAM, with the policies that apply to them.

They are drawn from few names, so that policies often apply. What the oracle is known to decide otherwise than AWS's
pages is left out here: test_differences.py has a case for each.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy
from local.iam.cases import (
    ALWAYS_WITH_POLICY,
    CALLERS,
    FULL_ACCESS,
    FULL_ACCESS_TO_RESOURCES,
    HOME,
    KEYS,
    NO_RESOURCE_POLICY,
    OTHER,
    REQUESTS,
    Case,
)

Statement = dict[str, Any]


def random_case(random: Random) -> Case:
    """Draw a case."""
    action, resource = random.choice(REQUESTS)
    shared = action.startswith("ec2:")  # the oracle does not know that EC2's resources are shared without policies
    owner = HOME if resource == "*" or shared else random.choice((HOME, HOME, OTHER))
    caller = random.choice(CALLERS)
    request = AccessRequest(action, resource.format(owner), _context(random), owner)
    return Case(request, caller, _Policies(random, request, caller).all())


def _context(random: Random) -> dict[str, Any]:
    return {key: random.choice(values) for key, _, values, _ in KEYS if values and random.random() < 0.6}


class _Policies:
    """The policies for one request, often such as apply to it."""

    def __init__(self, random: Random, request: AccessRequest, caller: Caller) -> None:
        self._random, self._request, self._caller = random, request, caller
        self._has_session = caller.kind == "federated" or (caller.kind == "role" and self._chance(0.3))

    def all(self) -> Policies:
        by_iam = self._caller.kind in ("user", "role", "federated")
        with_boundary = by_iam and self._chance(0.3)
        return Policies(
            identity=[self._policy("identity", 0.15) for _ in range(self._random.choice((0, 1, 1, 2)) * by_iam)],
            boundary=self._policy("boundary", 0.1, 0.7) if with_boundary else None,
            session=[self._policy("session", 0.1, 0.7)] if self._has_session else (),
            resource=self._resource_policy(),
            scps=self._organization(FULL_ACCESS, self._policy) if self._caller.account and self._chance(0.3) else (),
            rcps=self._organization(FULL_ACCESS_TO_RESOURCES, self._denying) if self._chance(0.15) else (),
        )

    def _chance(self, of: float) -> bool:
        return self._random.random() < of

    def _organization(self, full: Any, make: Any) -> list[list[Policy]]:
        """The full access that AWS attaches to each level; now and then other policies instead or beside it."""
        levels = [[Policy("FullAWSAccess", json.dumps(full))] for _ in range(self._random.choice((1, 2, 3)))]
        level = self._random.choice(levels)
        if make == self._policy and self._chance(0.3):
            level.clear()
        level.append(make("organization", 0.3))
        return levels

    def _policy(self, name: str, denies: float, whole: float = 0.3) -> Policy:
        statements = [self._statement(denies, whole) for _ in range(self._random.choice((1, 1, 2)))]
        return self._document(name, statements)

    def _denying(self, name: str, _denies: float) -> Policy:
        """A resource control policy, which denies actions of services with a name, to all principals."""
        service = self._request.action.partition(":")[0]
        statement = self._statement(1, 0) | {"Principal": "*", "Action": f"{service}:*", "Resource": "*"}
        statement.pop("NotAction", None)
        statement.pop("NotResource", None)
        return Policy(name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def _document(self, name: str, statements: list[Statement]) -> Policy:
        # The oracle knows variables in all versions.
        old = "${" not in json.dumps(statements) and self._chance(0.15)
        version = "2008-10-17" if old else "2012-10-17"
        body = statements[0] if len(statements) == 1 and self._chance(0.3) else statements
        return Policy(name, json.dumps({"Version": version, "Statement": body}))

    def _statement(self, denies: float, whole: float) -> Statement:
        statement: Statement = {"Effect": "Deny" if self._chance(denies) else "Allow"}
        everything = statement["Effect"] == "Allow" and self._chance(whole)
        statement |= {"Action": "*"} if everything else self._actions()
        statement |= {"Resource": "*"} if everything else self._resources()
        if self._chance(0.5):
            statement["Condition"] = self._conditions()
        return statement

    def _actions(self) -> Statement:
        service, _, name = self._request.action.partition(":")
        others = ["iam:GetUser", "s3:PutObject", "ec2:Describe*", "sqs:*"]
        mine = [
            self._request.action,
            f"{service}:*",
            f"{service}:{name[:4]}*",
            f"{service.upper()}:{name.lower()}",
            "*",
        ]
        mine += [f"{service}:{name[:-1]}?", f"{service}:*{name[3:]}"]
        chosen = self._random.choices(
            mine + others, [3, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1], k=self._random.choice((1, 1, 2))
        )
        return self._listed("Action", chosen)

    def _resources(self) -> Statement:
        arn = self._request.resource
        if arn == "*":
            chosen = [self._random.choice(("*", "*", "*", "arn:aws:s3:::data", "arn:aws:ec2:*:*:*"))]
        else:
            segments = arn.split(":", 5)
            account = ":".join([*segments[:4], "*", segments[5]])
            region = ":".join([*segments[:3], "*", "*", "*"])
            short = ":".join([*segments[:3], "*"])
            jump = ":".join([*segments[:3], "*", segments[5]])
            mine = [arn, arn[:-2] + "*", arn[:-1] + "?", account, region, short, jump, arn.upper(), "*"]
            folder = arn.rpartition("/")[0] + "/" if "/" in arn else ":".join(segments[:5]) + ":"
            mine += [arn + "/*", folder + "${aws:PrincipalTag/team}*", arn + "${*}"]
            mine += [":".join([*segments[:4], "${aws:PrincipalAccount}", segments[5]])]
            chosen = self._random.choices(
                mine, [4, 2, 1, 2, 2, 1, 1, 1, 4, 1, 1, 1, 1], k=self._random.choice((1, 1, 2))
            )
        return self._listed("Resource", [each.replace("ARN:AWS", "arn:aws") for each in chosen])

    def _listed(self, element: str, values: list[str]) -> Statement:
        # The oracle and AWS's pages judge NotResource otherwise if a variable has no value.
        name = f"Not{element}" if self._chance(0.15) and "${aws" not in "".join(values) else element
        return {name: values[0] if len(values) == 1 and self._chance(0.5) else values}

    def _conditions(self) -> Statement:
        found: dict[str, dict[str, Any]] = {}
        for key, operators, _, values in self._random.sample(KEYS, self._random.choice((1, 1, 1, 2))):
            operator = self._random.choice(operators) + ("IfExists" if self._chance(0.2) else "")
            chosen = self._random.sample(values, self._random.choice((1, 1, 2)))
            if operator.startswith("ArnNot"):  # As above.
                chosen = [each for each in chosen if "$" not in each] or [values[0]]
            if self._chance(0.1):
                operator, chosen = "Null", [self._random.choice(("true", "false"))]
            spelled = key.upper() if self._chance(0.1) and "/" not in key else key
            found.setdefault(operator, {})[spelled] = chosen[0] if len(chosen) == 1 else chosen
        return found

    def _resource_policy(self) -> Policy | None:
        service = self._request.action.partition(":")[0]
        optional = service not in ALWAYS_WITH_POLICY and self._chance(0.3)
        if service in NO_RESOURCE_POLICY or self._request.resource == "*" or optional:
            return None
        statements = [self._for_somebody(self._statement(0.25, 0.3)) for _ in range(self._random.choice((1, 1, 2)))]
        if service == "sts":
            statements = [self._trust(each) for each in statements]
        return self._document("of the resource", statements)

    def _trust(self, statement: Statement) -> Statement:
        kept = {key: value for key, value in statement.items() if key not in ("Resource", "NotResource", "NotAction")}
        return kept | {"Action": "sts:AssumeRole"}

    def _for_somebody(self, statement: Statement) -> Statement:
        caller = self._caller
        if statement["Effect"] == "Allow" or not self._request.action.startswith(("s3", "sqs")) or self._chance(0.7):
            return statement | self._principals()
        # Either all names of the caller or none: the oracle asks for less than AWS's page.
        whole = [caller.arn, caller.issuer, caller.account, f"arn:aws:iam::{HOME}:user/other"]
        names = [name for name in whole if name] if caller.account and self._chance(0.5) else [OTHER]
        return statement | {"NotPrincipal": {"AWS": names}}

    def _principals(self) -> Statement:
        caller, account = self._caller, self._caller.account or HOME
        strangers = [OTHER, f"arn:aws:iam::{HOME}:user/other"]
        mine = [caller.arn, caller.issuer or caller.arn, account, f"arn:aws:iam::{account}:root", "*"]
        if not caller.account:
            mine = ["*"]
        elif self._has_session and self._request.owner == account:
            mine = mine[1:]  # The oracle lets a session policy limit what a policy grants to the session itself.
        if self._chance(0.2):
            return {"Principal": {"Service": self._random.choice(("lambda.amazonaws.com", "sns.amazonaws.com"))}}
        chosen: list[str] = self._random.choices(mine + strangers, k=self._random.choice((1, 1, 2)))
        return {"Principal": "*" if chosen == ["*"] else {"AWS": chosen[0] if len(chosen) == 1 else chosen}}
