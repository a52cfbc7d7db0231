"""`cloudmend explain s3://BUCKET`: what strangers can do with a bucket, after all that S3 asks. It only reads."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from cloudmend.aws.world import anywhere
from cloudmend.cli.explain.formats import Explained, answer, log, result, results
from cloudmend.controls import s3_bucket_acl_public
from cloudmend.controls.families.buckets import POLICY, Standing, policy_about, read_policy
from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.document import parse
from cloudmend.controls.families.public_access_block import FLAGS, flags_of_account, flags_of_bucket
from cloudmend.controls.resource_types import BUCKET
from cloudmend.core.contract import Finding, NoSettings, Parts
from cloudmend.core.errors import CloudmendError, InputError
from cloudmend.core.escaping import terminal
from cloudmend.core.model import Json, Resource
from cloudmend.core.ports import Call, Reader

if TYPE_CHECKING:
    from cloudmend.cli.explain.policy import Format

SCHEME: Final = "s3://"
_OWNED: Final = "BucketOwnerEnforced"
_NO_CONTROLS: Final[Mapping[str, Json | None]] = {"OwnershipControlsNotFoundError": {}}


class Facts(Struct, frozen=True):
    """A bucket as AWS answers: its policy's answer, its public grants, and what holds for it."""

    name: str
    block: Parts  # its own flags
    block_of_account: Parts
    ownership: str  # empty: none is set
    policy: Explained | None
    is_public_to_s3: bool  # what GetBucketPolicyStatus says
    grants: Sequence[Finding]

    def blockers(self, flag: str) -> list[str]:
        """Return which settings have a flag on: the bucket's, the account's."""
        told = {"bucket": self.block, "account": self.block_of_account}
        return [name for name, flags in told.items() if flags.get(flag)]

    @property
    def is_hidden(self) -> bool:
        """True if strangers could use the policy, and S3 keeps them out."""
        is_open = self.policy is not None and self.policy.is_public
        return is_open and self.is_public_to_s3 and bool(self.blockers("RestrictPublicBuckets"))

    @property
    def ways(self) -> list[str]:
        """The ways in which strangers can use it now."""
        by_policy = self.policy is not None and self.policy.is_public and not self.is_hidden
        return [*(["policy"] if by_policy else []), *(["ACL"] if self.grants else [])]


def answer_about(subject: str, region: str | None, owner: Owner, form: Format) -> bool:
    """Write the answer about a bucket; return whether its policy or its ACL lets strangers in, hidden or not.

    Raises InputError, and CloudmendError if something of it cannot be read.
    """
    from cloudmend.cli.explain.policy import diff, write_text

    facts = read(_name(subject), region, owner)
    if form == "text":
        write_text(told(facts), diff(facts.policy) if facts.policy else ())
    else:
        sys.stdout.write(as_json(facts) if form == "json" else as_sarif(facts))
    return bool(facts.ways) or facts.is_hidden


def _name(subject: str) -> str:
    name = subject.removeprefix(SCHEME).removesuffix("/")
    if not re.fullmatch(BUCKET.id_pattern, name, re.ASCII):
        raise InputError(f"{subject!r} names no bucket. Write {SCHEME}BUCKET, without a key behind it.")
    return name


def read(name: str, region: str | None, owner: Owner) -> Facts:
    """Return what AWS answers about a bucket. The caller's account owns it, unless another owner is named."""
    from cloudmend.cli.explain.policy import explanation

    here = anywhere(region)
    reader, account = here.gateway, owner.account or here.account()
    bucket = Resource(type=BUCKET.type, id=name, account=account, region=here.region)
    policy = read_policy(bucket, reader, NoSettings())
    acl = s3_bucket_acl_public.read(bucket, reader, NoSettings())
    if policy is None or acl is None:
        raise CloudmendError(f"There is no bucket {name}.")
    standing = policy.context or Standing()
    text = policy.parts.get(POLICY, "")
    whole = Owner(account, owner.organization)
    where = policy_about(bucket)
    explained = explanation(parse(text), f"The policy of {SCHEME}{name}", whole, where) if text else None
    return Facts(
        name=name,
        block=flags_of_bucket(name, reader),
        block_of_account=flags_of_account(account, reader),
        ownership=_ownership(name, reader),
        policy=explained,
        is_public_to_s3=standing.is_public,
        grants=tuple(s3_bucket_acl_public.public_grants(name, acl.parts)),
    )


def _ownership(name: str, reader: Reader) -> str:
    asked = Call("s3", "GetBucketOwnershipControls", {"Bucket": name})
    found = reader.get(asked, _NO_CONTROLS) or {}
    rules = found.get("OwnershipControls", {}).get("Rules", [])
    return str(rules[0]["ObjectOwnership"]) if rules else ""


def told(facts: Facts) -> Iterator[Sequence[str]]:
    """Yield the answer in words: all together, what S3 blocks, the policy, and the ACL."""
    from cloudmend.cli.explain.policy import paragraphs

    yield (_first(facts),)
    yield tuple(_block(facts))
    if facts.policy:
        yield from paragraphs(facts.policy)
    for each in facts.grants:
        witness = [f"  Try it: {terminal(each.witness)}"] if each.witness else []
        yield (f"Its ACL grants {terminal(each.part)}: {each.why}.", *witness)


def _first(facts: Facts) -> str:
    name = f"{SCHEME}{facts.name}"
    if facts.ways:
        return f"{name} is public: strangers can use it, by its {' and its '.join(facts.ways)}."
    if facts.is_hidden:
        where = " and the ".join(facts.blockers("RestrictPublicBuckets"))
        return (
            f"{name} is not public now, for block public access hides its policy: RestrictPublicBuckets is on for the "
            f"{where}. Without it strangers could use the bucket."
        )
    policy = "its policy lets no stranger in" if facts.policy else "it has no policy"
    return f"{name} is not public: {policy}, and its ACL lets nobody in."


def _block(facts: Facts) -> Iterator[str]:
    for flag in FLAGS:
        on = facts.blockers(flag)
        yield f"{flag} is on for the {' and the '.join(on)}." if on else f"{flag} is off."
    if facts.ownership == _OWNED:
        yield f"ACLs are off: the bucket's owner owns all objects ({_OWNED})."
    elif facts.blockers("IgnorePublicAcls"):
        yield "Public grants in ACLs are ignored, and S3 does not show them."
    else:
        yield "Objects can have ACLs of their own, which were not looked at."


def as_json(facts: Facts) -> str:
    """Return one line of JSON."""
    none: dict[str, Any] = {"deputy": False, "findings": [], "narrowed": None}
    document = {
        "version": 1,
        "bucket": facts.name,
        "public": bool(facts.ways),
        "by": [each.lower() for each in facts.ways],
        "hidden": facts.is_hidden,
        "block_public_access": {flag: facts.blockers(flag) for flag in FLAGS},
        "ownership": facts.ownership,
        **(answer(facts.policy) if facts.policy else none),
        "grants": [{"grant": each.part, "reason": each.why, "command": each.witness} for each in facts.grants],
    }
    return json.dumps(document) + "\n"


def as_sarif(facts: Facts) -> str:
    """Return one log with one run, whose results are at the bucket."""
    uri = f"{SCHEME}{facts.name}"
    found = results(facts.policy, uri) if facts.policy else []
    return log([*found, *(result("acl-public", f"{each.part}: {each.why}", uri) for each in facts.grants)])
