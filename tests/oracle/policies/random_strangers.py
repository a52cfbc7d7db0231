"""Random requests of strangers to a policy, by its definition alone: callers whom the policy does not name.

They are made of the policy's own texts, for those decide, and of a few others. What the policy names without wildcards
is no stranger's: an account, an organization, an endpoint, a role's id, a small range of addresses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any, Final, NamedTuple

from cloudmend.controls.families.policies.requests import Request
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy
from oracle.policies.random_policies import CLAIMS, COGNITO, GITHUB, KEYS, ORGANIZATION, OWNER, SERVICES, Json

ANY_ACCOUNT: Final = "444455556666"
ALLOW_ALL: Final = Policy("identity", json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}))
_ADDRESSES: Final = ("1.1.1.1", "8.8.4.4", "54.9.9.9", "62.0.0.1", "130.1.1.1", "201.2.3.4", "2600:1f00::1", "2a00::1")
_SMALL: Final = {4: 2**24, 6: 2**96}
_SIGNED: Final = ("sts:", "kms:")  # actions that no request without a signature can call
_SPELLED: Final = {key.lower(): key for key in (*KEYS, *CLAIMS)}
_OF_SOURCES: Final = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID")
# The words of policies that are one customer's, and with wildcards many's: `4*` in an ARN, `o-*` before a path.
_ACCOUNT: Final = re.compile(r"[\d*?]*[\d*][\d*?]*")
_ORGANIZATION: Final = re.compile(r"(?:o-|\*|\?)[\w*?-]*")


class Call(NamedTuple):
    """A request and its caller. Keys that are None are absent, whatever the caller usually has."""

    caller: Caller
    action: str
    resource: str
    keys: Mapping[str, Any]

    def is_admitted_by(self, policy: Mapping[str, Any]) -> bool:
        """Return whether the evaluator of the embedded AWS lets it through."""
        request = AccessRequest(self.action, self.resource, {**self.keys}, OWNER)
        caller = Caller(**{name: getattr(self.caller, name) for name in ("kind", "account", "arn", "issuer", "userid")})
        policies = Policies(identity=[ALLOW_ALL] if caller.account else (), resource=Policy("p", json.dumps(policy)))
        return evaluate(request, caller, policies).allowed


def texts_in(policy: Any) -> Iterator[str]:
    """Yield all texts of a policy but the names of its elements, operators, and keys."""
    if isinstance(policy, dict):
        for value in policy.values():
            yield from texts_in(value)
    elif isinstance(policy, list):
        for value in policy:
            yield from texts_in(value)
    elif isinstance(policy, str):
        yield policy


class RandomStrangers:
    """A source of random requests of strangers to one policy."""

    def __init__(self, random: Random, policy: Json, account: str = "", organization: str | None = "") -> None:
        self._random = random
        self._whose = account, organization
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        self._values: dict[str, list[str]] = {}  # in conditions, by key in lower case
        self._actions: list[str] = []
        self._resources: list[str] = []
        for each in statements:
            self._actions += texts_in(each.get("Action", each.get("NotAction")))
            self._resources += texts_in(each.get("Resource", each.get("NotResource", "*")))
            for keys in each.get("Condition", {}).values():
                for key, value in keys.items():
                    self._values.setdefault(key.lower(), []).extend(texts_in(value))
        # Cognito needs no provider in the owner's account.
        self._providers = [COGNITO, *([GITHUB] if "githubusercontent" in json.dumps(policy).lower() else [])]
        self._is_trust = any(each.lower().startswith("sts") for each in self._actions)
        self._named = set(texts_in(policy)) | {part for text in texts_in(policy) for part in re.split("[:/]", text)}
        self._named |= {each.lower() for each in self._named} | {OWNER, ORGANIZATION}
        self._small = [
            each for each in map(_network, texts_in(policy)) if each and each.num_addresses <= _SMALL[each.version]
        ]

    def call(self) -> Call:
        """Return a random request."""
        kinds = ("nobody", "somebody", "somebody", "service", *(["provider", "provider"] if self._is_trust else []))
        kind, action = self._random.choice(kinds), self._action()
        if kind == "provider":
            action = "sts:AssumeRoleWithWebIdentity"
        elif (kind == "nobody" and action.lower().startswith(_SIGNED)) or (kind == "service" and self._is_trust):
            kind = "somebody"
        return self.call_of(kind, action)

    def call_of(self, kind: str, action: str, name: str = "") -> Call:
        """Return a random request of one kind of stranger: nobody, somebody, service, provider."""
        make = {
            "nobody": self._nobody,
            "somebody": self._somebody,
            "service": self._service,
            "provider": self._provider,
        }
        caller, keys = make[kind](name)
        keys |= self._network(kind) | self._free(keys)
        return Call(caller, action, self._resource(), keys)

    def _nobody(self, _name: str) -> tuple[Caller, Json]:
        return Caller("anonymous"), {**self._no_principal(), "aws:ViaAWSService": "false"}

    def _somebody(self, _name: str) -> tuple[Caller, Json]:
        account, organization = self._account(), self._organization()
        kind = self._random.choice(("role", "role", "user", "root"))
        name = self._segment("aws:principalarn", "/")
        unique = {"role": f"AROA{self._word()}", "user": f"AIDA{self._word()}", "root": account}[kind]
        session = self._segment("aws:userid", ":")
        entity = f"arn:aws:iam::{account}:" + ("root" if kind == "root" else f"{kind}/{name}")
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}" if kind == "role" else entity
        userid = f"{unique}:{session}" if kind == "role" else unique
        types = {"role": "AssumedRole", "user": "User", "root": "Account"}
        keys = {
            "aws:PrincipalAccount": account,
            "aws:PrincipalArn": entity,
            "aws:PrincipalType": types[kind],
            "aws:userid": userid,
            "aws:username": name.rpartition("/")[2] if kind == "user" else None,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalServiceName": None,
            "aws:ViaAWSService": self._random.choice(("true", "false")),
            "aws:PrincipalTag/team": self._value("aws:PrincipalTag/team"),
            "aws:MultiFactorAuthPresent": self._random.choice(("true", "false", None)),
            "aws:CalledVia": self._several("aws:CalledVia"),
            **self._of_organization(organization),
            **(self._source(account, organization) if self._chance(0.3) else dict.fromkeys(_OF_SOURCES)),
        }
        return Caller(
            "role" if kind == "role" else "user", account, arn, entity if kind == "role" else "", userid
        ), keys

    def _service(self, name: str) -> tuple[Caller, Json]:
        name = name or self._random.choice(("any.amazonaws.com", *SERVICES))
        keys = {
            **self._no_principal(),
            "aws:PrincipalAccount": None,
            "aws:PrincipalType": None,
            "aws:userid": None,
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": name,
            "aws:ViaAWSService": "false",
            **self._source(self._account(), self._organization()),
        }
        return Caller("service", arn=name), keys

    def _provider(self, name: str) -> tuple[Caller, Json]:
        name = name or self._random.choice(self._providers)
        keys = {**self._no_principal(), "aws:PrincipalAccount": None, "aws:PrincipalType": None, "aws:userid": None}
        claims: Json = dict.fromkeys(CLAIMS)
        if "github" in name:
            owner = self._not_named("token.actions.githubusercontent.com:repository_owner", "stranger")
            claims["token.actions.githubusercontent.com:sub"] = f"repo:{owner}/app:ref:refs/heads/main"
            claims["token.actions.githubusercontent.com:repository_owner"] = owner
            claims["token.actions.githubusercontent.com:aud"] = self._value("token.actions.githubusercontent.com:aud")
        else:
            claims[f"{COGNITO}:aud"] = self._not_named(f"{COGNITO}:aud", "eu-west-1:strangers")
            claims[f"{COGNITO}:amr"] = self._several(f"{COGNITO}:amr")
        del claims["sts:ExternalId"]
        return Caller("provider", arn=name), {**keys, **claims}

    def _no_principal(self) -> Json:
        names = (
            "aws:PrincipalArn",
            "aws:PrincipalOrgID",
            "aws:PrincipalOrgPaths",
            "aws:PrincipalTag/team",
            "aws:username",
        )
        others = (
            "aws:PrincipalIsAWSService",
            "aws:PrincipalServiceName",
            "aws:MultiFactorAuthPresent",
            "aws:CalledVia",
        )
        return dict.fromkeys((*names, *others, *_OF_SOURCES))

    def _of_organization(self, organization: str | None) -> Json:
        path = self._random.choice(("r-ab/", "r-ab/ou-x/", "r-ab/ou-x/ou-y/", "r-cd/"))
        paths = [f"{organization}/{path}"] if organization else None
        return {"aws:PrincipalOrgID": organization, "aws:PrincipalOrgPaths": paths}

    def _source(self, account: str, organization: str | None) -> Json:
        bucket = self._not_named("aws:SourceArn", "strangers", ":")
        arn = self._random.choice((f"arn:aws:sns:us-east-1:{account}:alarms", f"arn:aws:s3:::{bucket}", None))
        return {
            "aws:SourceArn": arn,
            "aws:SourceAccount": self._random.choice((account, account, None)),
            "aws:SourceOrgID": organization,
        }

    def _network(self, kind: str) -> Json:
        keys = {"aws:SourceIp": self._address(), "aws:SourceVpce": None, "aws:SourceVpc": None, "aws:VpcSourceIp": None}
        if kind not in ("nobody", "somebody") or self._chance(0.7):
            return keys
        return {
            "aws:SourceIp": None,
            "aws:SourceVpce": self._not_named("aws:SourceVpce", "vpce-a", shape="vpce-"),
            "aws:SourceVpc": self._not_named("aws:SourceVpc", "vpc-a", shape="vpc-"),
            "aws:VpcSourceIp": self._random.choice(("10.0.0.1", "10.1.2.3", "10.1.9.9", "192.168.1.1")),
        }

    def _free(self, keys: Json) -> Json:
        """Return keys that any stranger chooses."""
        free: Json = {
            "aws:SecureTransport": self._random.choice(("true", "false")),
            "aws:CurrentTime": self._time(),
            "s3:max-keys": self._random.choice(("10", "11", "10.2", "10.7", "0", "-1", "-5", "1000", None)),
            "s3:ExistingObjectTag/a": self._random.choice(("YQ==", "Yg==", "no", None)),
            "aws:ResourceAccount": OWNER,
            "aws:ResourceOrgID": ORGANIZATION,
        }
        for key in ("aws:Referer", "s3:prefix", "sts:ExternalId"):
            free[key] = self._value(key)
        alike = [
            value for key in ("aws:username", "aws:Referer") if isinstance(value := {**free, **keys}.get(key), str)
        ]
        if alike and keys.get("aws:PrincipalTag/team") and self._chance(0.3):
            free["aws:PrincipalTag/team"] = self._random.choice(alike)
        return free

    def _chance(self, of: float) -> bool:
        return self._random.random() < of

    def _word(self) -> str:
        return self._random.choice(("X", "YZ", "EXAMPLEIX"))

    def _filled(self, text: str) -> str:
        """Return a text of policies with something in the place of its wildcards and variables."""
        text = re.sub(r"\$\{([*?$])\}", r"\1", text) if self._chance(0.5) else text
        text = re.sub(r"\$\{.*?\}", self._random.choice(("red", "bob", "x")), text)
        filled = "".join(
            self._random.choice(("", "a", "any", "a/b", "red"))
            if each == "*"
            else self._random.choice("adx")
            if each == "?"
            else each
            for each in text
        )
        return filled.swapcase() if self._chance(0.05) else filled

    def _value(self, key: str) -> str | None:
        """Return a value of a key that a stranger chooses, or None."""
        others = ["red", "Red", "any", None]
        return self._random.choice([*map(self._filled, self._values.get(key.lower(), ())), *others]) or None

    def _several(self, key: str) -> list[str] | None:
        chosen = [self._value(key) for _ in range(self._random.choice((1, 1, 2, 3)))]
        return [each for each in chosen if each] or None

    def _segment(self, key: str, after: str) -> str:
        """Return the last segment of a value of a key, such as the name of a role."""
        value = self._value(key) or "any"
        return re.sub(r"[^\w/-]", "", value.rpartition(after)[2]).strip("/") or "any"

    def _not_named(self, key: str, usual: str, after: str = "", shape: str = "") -> str:
        """Return a value of an identity key with wildcards filled, if the policy does not name it."""
        values = [each for each in self._values.get(key.lower(), ()) if re.search("[*?]", each)]
        found = self._filled(self._random.choice(values)) if values else usual
        found = found.rpartition(after)[2] if after else found
        wrong = found in self._named or not found or not found.startswith(shape) or found == shape
        return usual if wrong else found

    def _account(self) -> str:
        """Return an account that the policy does not name."""
        if self._whose[0]:
            return self._whose[0]
        words = [word for values in self._values.values() for text in values for word in _ACCOUNT.findall(text)]
        found = [account for word in words if (account := self._digits(word)) and account not in self._named]
        return self._random.choice([ANY_ACCOUNT, "555566667777", *found])

    def _digits(self, word: str) -> str:
        word = word.replace("?", self._random.choice("0123456789"))
        stars, missing = word.count("*"), 12 - len(word.replace("*", ""))
        if not stars or missing < 0:
            return ""
        filling = "".join(self._random.choices("0123456789", k=missing))
        return word.replace("*", filling, 1).replace("*", "")

    def _organization(self) -> str | None:
        if self._whose[0]:
            return self._whose[1]
        words = [word for values in self._values.values() for text in values for word in _ORGANIZATION.findall(text)]
        found = [re.sub("[*?]", lambda _: self._random.choice("abcde"), word) for word in words]
        made = [each for each in found if each.startswith("o-") and len(each) > 2 and each not in self._named]
        return self._random.choice([None, "o-stranger00", *made])

    def _address(self) -> str:
        given = [each for each in _ADDRESSES if not any(ip_address(each) in network for network in self._small)]
        return self._random.choice(given)

    def _time(self) -> str:
        times = ("2026-11-29T05:00:00Z", "2026-11-29T05:00:01Z", "2026-11-29T05:00:00.5Z", "2029-12-31T00:00:00Z")
        return self._random.choice((*times, "2039-01-01T00:00:00Z", "2050-01-01T00:00:00Z", "2020-01-01T00:00:00Z"))

    def _action(self) -> str:
        usual = (
            ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity") if self._is_trust else ("s3:GetObject", "s3:PutObject")
        )
        filled = re.sub(
            r"[*?]", lambda _: self._random.choice(("Get", "Object", "X")), self._random.choice(self._actions)
        )
        return self._random.choice((*usual, filled if ":" in filled else usual[0]))

    def _resource(self) -> str:
        names = ("arn:aws:s3:::b/private/a", "arn:aws:s3:::b/any", "arn:aws:s3:::b", "arn:aws:s3:::other")
        return self._random.choice((*names, self._filled(self._random.choice(self._resources or ["*"]))))


def _network(text: str) -> Any:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def as_call(request: Request, random: Random, policy: Json) -> Call:
    """Return the call of a witness: what it leaves open is filled as a stranger of its kind has it."""
    kind = {"federated": "provider"}.get(request.stranger.kind, request.stranger.kind)
    stranger = request.stranger
    source = RandomStrangers(random, policy, stranger.account, stranger.organization or None)
    call = source.call_of(kind, request.action, stranger.name or _named(request))
    keys = {**call.keys, **{_SPELLED.get(key.lower(), key): value for key, value in request.keys.items()}}
    return Call(call.caller, request.action, request.resource, keys)


def _named(request: Request) -> str:
    """Return the service whose name is a key of a witness."""
    names = {key.lower(): value for key, value in request.keys.items()}
    return str(names.get("aws:principalservicename") or "any.amazonaws.com")
