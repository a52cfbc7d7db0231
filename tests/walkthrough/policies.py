"""Resources that a person opens by their policies with the AWS CLI, and the reads of these policies."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cloudmend.local.runtime.process import RUNTIME, architecture
from local.embedded.helpers import ACCOUNT
from walkthrough.proof import Proof, Someone, cli

PARTNER = "111122223333"
REGION = "us-east-1"
Words = Callable[[str], list[str]]


def _of_policy(
    control: str, noun: str, action: str, make: Callable[[Someone, str], str], put: Words, get: Words, arn: str
) -> Proof:
    """A resource whose policy admits everybody to an action, and a partner.

    `put` are the words of a call that ends with the policy. `get` are those of one that answers its text. `arn` has a
    place for the id, and is empty for a resource whose statements do not name it.
    """

    def statements(name: str) -> list[dict[str, Any]]:
        about = {"Resource": arn.format(name)} if arn else {}
        everybody = {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": action, **about}
        return [everybody, {**everybody, "Sid": "own", "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:root"}}]

    def opening(name: str) -> list[str]:
        return [*put(name), json.dumps({"Version": "2012-10-17", "Statement": statements(name)})]

    return _proof(control, noun, make, opening, get)


def _proof(control: str, noun: str, make: Callable[[Someone, str], str], opening: Words, get: Words) -> Proof:
    def conditions(account: Someone, name: str) -> Any:
        """The condition of each statement, by its Sid."""
        policy = json.loads(cli(account, *get(name)))
        return {each["Sid"]: each.get("Condition") for each in policy["Statement"]}

    return Proof(
        control,
        noun,
        make,
        opening,
        conditions,
        {"open": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, "own": None},
        "narrowed statement open of its policy to principals of its own account.",
        "Policy is again what it was",
    )


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def make_topic(account: Someone, name: str) -> str:
    cli(account, "sns", "create-topic", "--name", name)
    return name


def make_secret(account: Someone, name: str) -> str:
    made = cli(account, "secretsmanager", "create-secret", "--name", name, "--secret-string", "a-secret")
    return str(made["ARN"]).rpartition(":")[2]


def make_repository(account: Someone, name: str) -> str:
    cli(account, "ecr", "create-repository", "--repository-name", name)
    return name


def make_bus(account: Someone, name: str) -> str:
    cli(account, "events", "create-event-bus", "--name", name)
    return name


def make_function(account: Someone, name: str) -> str:
    """Make a function that one account may invoke."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = cli(account, "iam", "create-role", "--role-name", name, "--assume-role-policy-document", document)
    code = Path(account.environment["HOME"]) / f"{name}.zip"
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handle(event, context): pass")
    runs = ("--runtime", RUNTIME, "--architectures", architecture(), "--handler", "index.handle")
    cli(
        account,
        "lambda",
        "create-function",
        "--function-name",
        name,
        *runs,
        "--role",
        role["Role"]["Arn"],
        "--zip-file",
        f"fileb://{code}",
    )
    cli(account, *permitting(name, "own", PARTNER))
    return name


def no_longer_permitted(account: Someone, name: str) -> None:
    cli(account, "lambda", "remove-permission", "--function-name", name, "--statement-id", "own")


def permitting(name: str, sid: str, principal: str) -> list[str]:
    words = ["--statement-id", sid, "--action", "lambda:InvokeFunction", "--principal", principal]
    return ["lambda", "add-permission", "--function-name", name, *words]


def make_key(account: Someone, _: str) -> str:
    return str(cli(account, "kms", "create-key")["KeyMetadata"]["KeyId"])


_TOPIC: Final = _arn("sns", "{}")
_SECRET: Final = _arn("secretsmanager", "secret:{}")
TOPIC: Final = _of_policy(
    "sns_policy_public",
    "SNS topic",
    "sns:Publish",
    make_topic,
    lambda name: [
        *("sns", "set-topic-attributes", "--topic-arn", _TOPIC.format(name)),
        *("--attribute-name", "Policy", "--attribute-value"),
    ],
    lambda name: ["sns", "get-topic-attributes", "--topic-arn", _TOPIC.format(name), "--query", "Attributes.Policy"],
    _TOPIC,
)
SECRET: Final = _of_policy(
    "secret_policy_public",
    "secret",
    "secretsmanager:GetSecretValue",
    make_secret,
    lambda name: [
        *("secretsmanager", "put-resource-policy", "--secret-id", _SECRET.format(name), "--resource-policy"),
    ],
    lambda name: [
        *("secretsmanager", "get-resource-policy", "--secret-id", _SECRET.format(name), "--query", "ResourcePolicy"),
    ],
    _SECRET,
)
REPOSITORY: Final = _of_policy(
    "ecr_policy_public",
    "ECR repository",
    "ecr:BatchGetImage",
    make_repository,
    lambda name: ["ecr", "set-repository-policy", "--repository-name", name, "--policy-text"],
    lambda name: ["ecr", "get-repository-policy", "--repository-name", name, "--query", "policyText"],
    "",
)
BUS: Final = _of_policy(
    "event_bus_policy_public",
    "event bus",
    "events:PutEvents",
    make_bus,
    lambda name: ["events", "put-permission", "--event-bus-name", name, "--policy"],
    lambda name: ["events", "describe-event-bus", "--name", name, "--query", "Policy"],
    _arn("events", "event-bus/{}"),
)
# By statements: an AWS CLI from before July 2026 cannot put a whole policy.
FUNCTION: Final = _proof(
    "lambda_policy_public",
    "Lambda function",
    make_function,
    lambda name: permitting(name, "open", "*"),
    lambda name: ["lambda", "get-policy", "--function-name", name, "--query", "Policy"],
)
KEY: Final = _of_policy(
    "kms_key_policy_public",
    "KMS key",
    "kms:*",
    make_key,
    lambda name: ["kms", "put-key-policy", "--key-id", name, "--policy-name", "default", "--policy"],
    lambda name: ["kms", "get-key-policy", "--key-id", name, "--policy-name", "default", "--query", "Policy"],
    _arn("kms", "key/{}"),
)
POLICIES: Final = (TOPIC, SECRET, REPOSITORY, BUS)
