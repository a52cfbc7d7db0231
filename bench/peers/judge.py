"""A peer's own answers: is a policy public?

    python judge.py PEER < POLICIES

Reads a JSON list of policies, and writes a list with true, false, or the name of an error for each. It runs in the
peer's environment, and imports nothing else.
"""

import json
import sys
from importlib import import_module
from typing import Any

OWNER = "111122223333"
ORGANIZATION = "o-mine"


def custodian(policy: dict[str, Any]) -> bool:
    checker = import_module("c7n.filters.iamaccess").PolicyChecker
    asked = {"allowed_accounts": {OWNER}, "allowed_orgid": {ORGANIZATION}, "everyone_only": True}
    return bool(checker(asked).check(json.dumps(policy)))


def prowler(policy: dict[str, Any]) -> bool:
    return bool(import_module("prowler.providers.aws.services.iam.lib.policy").is_policy_public(policy, OWNER))


def policyuniverse(policy: dict[str, Any]) -> bool:
    return bool(import_module("policyuniverse.policy").Policy(policy).is_internet_accessible())


PEERS = {each.__name__: each for each in (custodian, prowler, policyuniverse)}


def answer(peer: str, policy: dict[str, Any]) -> bool | str:
    try:
        return PEERS[peer](policy)
    except Exception as error:  # noqa: BLE001 - what a peer does with a policy is its answer
        return type(error).__name__


if __name__ == "__main__":
    json.dump([answer(sys.argv[1], policy) for policy in json.load(sys.stdin)], sys.stdout)
