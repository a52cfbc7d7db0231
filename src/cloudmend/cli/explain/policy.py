"""`cloudmend explain POLICY.json`: can a stranger use what a resource policy guards? It sends no request."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeGuard

from rich.text import Text

from cloudmend.cli.explain.formats import Explained, as_json, as_sarif, title
from cloudmend.cli.screen import Screen
from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import Admission, admissions
from cloudmend.controls.families.policies.document import statements_of
from cloudmend.controls.families.policies.mend import narrowed
from cloudmend.controls.families.policies.words import command, reason
from cloudmend.core.errors import InputError
from cloudmend.core.escaping import cut, plural, terminal
from cloudmend.core.model import Json

Format = Literal["text", "json", "sarif"]

_FOREIGN: Final = 400  # characters of what the policy holds, in a sentence
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)


def is_policy(raw: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a file's JSON is a policy, and no event: whether it has statements."""
    return isinstance(raw, dict) and "Statement" in raw


def read_owner(account: str, organization: str, *, needs_account: bool = True) -> Owner:
    """Return the owner that a person names. Raises InputError."""
    if account and not _ACCOUNT.fullmatch(account):
        raise InputError(f"--owner {account!r} is not an account: 12 digits, such as 111122223333.")
    if organization and not account and needs_account:
        raise InputError(
            "--organization says to what a policy is narrowed. Pass the owner of the resource too: --owner."
        )
    if organization and not _ORGANIZATION.fullmatch(organization):
        raise InputError(f"--organization {organization!r} is not the id of an organization, such as o-a1b2c3d4e5.")
    return Owner(account, organization)


def answer_about(policy: Json, name: str, owner: Owner, form: Format) -> bool:
    """Write the answer about the policy in a file, - is stdin; return whether it is public. Raises InputError."""
    explained = explanation(policy, name, owner)
    _WRITE[form](explained)
    return explained.is_public


def explanation(policy: Json, name: str, owner: Owner, resources: Sequence[str] = ()) -> Explained:
    """Return the answer about a policy. `resources` are the ARNs that it can be about, if known. Raises InputError."""
    told = "The policy" if name == "-" else name
    try:
        found = admissions(policy, owner, resources)
    except InputError as error:
        raise InputError(f"{told}: {error}") from None
    right = narrowed(policy, found, owner) if found and owner.account else None
    return Explained(told, policy, found, right)


def _print(document: str) -> None:
    sys.stdout.write(document)


def write_text(told: Iterable[Sequence[str]], lines: Iterable[str]) -> None:
    """Write paragraphs of sentences, and then the lines of a diff."""
    screen = Screen()
    for paragraph in told:
        for sentence in paragraph:
            screen.say(sentence, hang=2)
        screen.say("")
    for line in lines:
        style = {"+": "green", "-": "red"}.get(line[:1], "")
        screen.console.print(Text(line, style), soft_wrap=True)


def paragraphs(explained: Explained) -> Iterator[Sequence[str]]:
    """Yield the answer in words: all together, then each statement."""
    count = len(statements_of(explained.policy))
    name, of = terminal(explained.name), f"of its {plural(count, 'statement')}"
    if explained.is_public:
        yield (f"{name} is public: strangers can use {explained.count('public')} {of}.",)
    elif explained.found:
        told = f"AWS services can use {explained.count('deputy')} {of} for any AWS account"
        yield (f"{name} is not public: no stranger can use it. But {told}.",)
    else:
        yield (f"{name} is not public: no stranger can use any {of}.",)
    for admission in explained.found:
        yield tuple(_about(explained, admission))
    if explained.found and explained.narrowed is None:
        yield ("To see the policy narrowed to the account that owns the resource, add --owner ACCOUNT.",)


def _about(explained: Explained, admission: Admission) -> Iterator[str]:
    yield f"{title(admission)}: {terminal(cut(reason(admission), _FOREIGN))}."
    if line := admission.request and command(admission.request):
        yield f"  Try it: {terminal(line)}"
    if left := explained.by_hand(admission):
        yield f"  Narrow it by hand: {left}."


def diff(explained: Explained) -> Iterator[str]:
    """Yield the lines of a unified diff to the narrowed policy; none if it is not known or the same."""
    if explained.narrowed and explained.narrowed.policy != explained.policy:
        before, after = (_pretty(each) for each in (explained.policy, explained.narrowed.policy))
        lines = difflib.unified_diff(before, after, explained.name, f"{explained.name}, narrowed", lineterm="")
        yield from map(_safe, lines)


def _safe(line: str) -> str:
    """Return a line of a diff that no terminal takes for a command. Its indentation stays."""
    indent = len(line) - len(line[1:].lstrip(" "))
    return line[:indent] + terminal(line[indent:])


def _pretty(policy: Json) -> list[str]:
    return json.dumps(policy, indent=2, ensure_ascii=False).splitlines()


_WRITE: Final[Mapping[Format, Callable[[Explained], None]]] = {
    "text": lambda explained: write_text(paragraphs(explained), diff(explained)),
    "json": lambda explained: _print(as_json(explained)),
    "sarif": lambda explained: _print(as_sarif(explained)),
}
