"""The answer of `cloudmend explain` about a policy, as JSON and as SARIF."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.families.policies.decide import Admission
from cloudmend.controls.families.policies.document import statements_of
from cloudmend.controls.families.policies.mend import Narrowed
from cloudmend.controls.families.policies.words import caller, command, reason
from cloudmend.core.escaping import chat, cut, terminal
from cloudmend.core.model import Json
from cloudmend.core.version import CODE_VERSION

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_TEXT: Final = 1000  # characters of a message
_SID: Final = 100
_RULES: Final = {
    "policy-public": ("A stranger can use the policy.", "8.0", "error"),
    "policy-deputy": ("An AWS service can use the policy for any account.", "5.0", "warning"),
    "acl-public": ("Everybody can use the ACL.", "8.0", "error"),
}
_OF_POLICIES: Final = ("policy-public", "policy-deputy")
_STATEMENTS: Final = re.compile(r'"Statement"\s*:\s*')


class Explained(Struct, frozen=True):
    """A policy's answer: the statements that strangers can use, and the policy as it is right for its owner."""

    name: str  # of the file
    policy: Json
    found: Sequence[Admission]
    narrowed: Narrowed | None  # None: the owner is not known, or nothing is to be narrowed

    @property
    def is_public(self) -> bool:
        return bool(self.count("public"))

    def count(self, kind: str) -> int:
        """Return how many statements are public, or admit a deputy."""
        return sum(each.kind == kind for each in self.found)

    def by_hand(self, admission: Admission) -> str:
        """Return why a person has to narrow a statement; empty if no person has to, or the owner is not known."""
        return self.narrowed.reasons.get(admission.place, "") if self.narrowed else ""


def title(admission: Admission) -> str:
    """Return the name of a statement: its number, and its Sid if it has one."""
    sid = f" ({cut(terminal(admission.sid), _SID)})" if admission.sid else ""
    return f"Statement {admission.place + 1}{sid}"


def as_json(explained: Explained) -> str:
    """Return one line of JSON."""
    return json.dumps({"version": 1, "public": explained.is_public, **answer(explained)}) + "\n"


def answer(explained: Explained) -> dict[str, Any]:
    """Return what JSON says of a policy, beside whether it is public."""
    right = explained.narrowed
    return {
        "deputy": bool(explained.count("deputy")),
        "findings": [_finding(explained, each) for each in explained.found],
        "narrowed": right.policy if right else None,
    }


def _finding(explained: Explained, admission: Admission) -> dict[str, Any]:
    request = admission.request
    witness = request and {
        "caller": caller(request),
        "action": request.action,
        "resource": request.resource,
        "keys": dict(request.keys),
        "command": command(request),
    }
    return {
        "statement": admission.place + 1,
        "sid": admission.sid,
        "kind": admission.kind,
        "reason": reason(admission),
        "witness": witness,
        "by_hand": explained.by_hand(admission),
    }


def as_sarif(explained: Explained) -> str:
    """Return one log with one run. A result has the line of its statement where the file shows it."""
    lines = statement_lines(explained)
    return log([_result(explained, each, lines) for each in explained.found], _OF_POLICIES)


def results(explained: Explained, uri: str) -> list[dict[str, Any]]:
    """Return the results about a policy that is in no file."""
    return [result(f"policy-{each.kind}", f"{title(each)}: {reason(each)}", uri) for each in explained.found]


def result(rule: str, text: str, uri: str, line: int = 0) -> dict[str, Any]:
    """Return a result. The first line is 1; 0: it is not known."""
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line:
        place["region"] = {"startLine": line}
    return {
        "ruleId": rule,
        "level": _RULES[rule][2],
        "message": {"text": f"{chat(text, _TEXT)}."},
        "locations": [{"physicalLocation": place}],
    }


def log(found: Sequence[Json], names: Sequence[str] = tuple(_RULES)) -> str:
    """Return a log with one run that has these results, and the rules of these names."""
    rules = [
        {
            "id": rule,
            "shortDescription": {"text": text},
            "properties": {"security-severity": score, "tags": ["security"]},
        }
        for rule, (text, score, _) in ((name, _RULES[name]) for name in names)
    ]
    run = {"tool": {"driver": {"name": "cloudmend", "version": CODE_VERSION, "rules": rules}}, "results": found}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(explained: Explained, admission: Admission, lines: Sequence[int]) -> dict[str, Any]:
    text = f"{title(admission)}: {reason(admission)}"
    uri, line = Path(explained.name).as_posix(), lines[admission.place] if lines else 0
    return result(f"policy-{admission.kind}", text, uri, line)


def statement_lines(explained: Explained) -> list[int]:
    """Return the line, from 1, at which each statement begins; none if they cannot be found."""
    path, decoder = Path(explained.name), json.JSONDecoder()
    text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    for match in _STATEMENTS.finditer(text):
        places, at = [], match.end()
        is_list = text[at] == "["
        at += is_list
        for wanted in statements_of(explained.policy):
            at = _next(text, at)
            try:
                found, end = decoder.raw_decode(text, at)
            except ValueError:
                break
            if found != wanted:
                break
            places.append(text.count("\n", 0, at) + 1)
            at = end
        else:
            return places
    return []


def _next(text: str, at: int) -> int:
    """Return the place of the next character that is neither blank nor comma."""
    return at + len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
