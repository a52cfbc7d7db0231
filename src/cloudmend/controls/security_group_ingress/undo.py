"""Takes a mend of a group back: each rule that it changed, compared with what AWS answers now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.security_group_ingress.check import effects
from cloudmend.controls.security_group_ingress.facts import Rule
from cloudmend.controls.security_group_ingress.observe import find_groups
from cloudmend.controls.security_group_ingress.plan import authorize, modify
from cloudmend.core.model import Edit, Intent, Json, Record, Request
from cloudmend.core.ports import Reader
from cloudmend.core.undo import Difference, Reversal

# What a rule says; its id and ARN are AWS's.
_FIELDS: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId", "Description")
_PAGE: Final = 1000  # the most rules that one answer may hold

# Of whoever takes a mend back. A rule comes back with its tags in the call that authorizes it, and that needs the last.
PERMISSIONS: Final = frozenset(
    {
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:ModifySecurityGroupRules",
    }
)


class _Mended(Struct, frozen=True, kw_only=True):
    """A rule before the mend, and what the mend left of it: None where it revoked it, or found it gone."""

    before: Rule
    left: Rule | None
    elsewhere: bool  # somebody else had removed it first
    has_tags: bool  # whether it is known which tags it had

    def judged(self, live: Mapping[str, Rule]) -> Reversal:
        """How far it is taken back, where these rules are live, by id."""
        before = self.before
        twin = next((rule for rule in live.values() if rule.is_ingress and rule.place == before.place), None)
        now = live.get(before.id)
        said = partial(_said, tags=self.has_tags)
        if twin is not None and said(twin) == said(before):
            return Reversal(restored=(_restored(before, twin),))
        if now is None and self.elsewhere:
            return Reversal(restored=(_left_closed(before),))
        if said(now) != said(self.left):
            return _differs(before, _told(self.left), _told(now))
        if twin is not None:
            return _differs(before, f"no rule for {before}", f"{twin.id}, {_told(twin)}")
        return Reversal(requests=(_inverse(before, now),))


def revert(intent: Intent, record: Record, reader: Reader) -> Reversal:
    """How far the mend is taken back now, and what is still to be done for it. Raises AwsError."""
    filters = [{"Name": "group-id", "Values": [intent.resource.id]}]
    request = Request("ec2:DescribeSecurityGroupRules", {"Filters": filters, "MaxResults": _PAGE})
    live = _by_id(reader.rows(request, "SecurityGroupRules"))
    if not live and not find_groups(filters, reader):  # a group without rules and no group give the same rows: none
        return Reversal(is_gone=True)
    return Reversal.of(mended.judged(live) for mended in _mended(intent, record))


def _mended(intent: Intent, record: Record) -> Iterator[_Mended]:
    """The rules that the mend was about. What the record does not tell for sure may have been done."""
    rules = _by_id(intent.before["SecurityGroupRules"])
    edits = {edit.part: edit for edit in record.edits}
    told_for_sure = record.status == "mended" and not record.errors
    for request in intent.requests:
        for rule_id, after in effects(request, rules):
            edit = edits.get(rule_id)
            revoked_instead = edit is not None and not edit.after
            yield _Mended(
                before=rules[rule_id],
                left=None if revoked_instead else after,
                elsewhere=edit is None and told_for_sure,
                has_tags=not intent.tags_left_out,
            )


def _by_id(rows: Iterable[Json]) -> dict[str, Rule]:
    return {rule.id: rule for rule in map(Rule, rows)}


def _said(rule: Rule | None, *, tags: bool) -> Any:
    """All of a rule that is not AWS's own choice, so that two can be compared."""
    if rule is None:
        return None
    tagged = sorted((tag["Key"], tag["Value"]) for tag in rule.row.get("Tags", ()))
    return [rule.row.get(field) or None for field in _FIELDS], tagged if tags else []


def _inverse(before: Rule, now: Rule | None) -> Request:
    """A narrowed rule gets its source back; a revoked one comes back under a new id."""
    group_id = str(before.row["GroupId"])
    return authorize(group_id, before) if now is None else modify(group_id, before)


def _restored(before: Rule, now: Rule) -> Edit:
    was = "" if now.id == before.id else f", in place of {before.id}"
    return Edit(part=now.id, before="", after=str(now), did=f"{now.id} is {now} again{was}", why="undone")


def _left_closed(before: Rule) -> Edit:
    told = f"{before} stays revoked, because somebody else had revoked it first"
    return Edit(part=before.id, before="", after="", did=told, why="not cloudmend's")


def _differs(before: Rule, expected: str, found: str) -> Reversal:
    return Reversal(differences=(Difference(part=before.id, expected=expected, found=found),))


def _told(rule: Rule | None) -> str:
    """A rule in words, with all that somebody may have changed."""
    if rule is None:
        return "no such rule"
    tags = [f"{tag['Key']}={tag['Value']}" for tag in rule.row.get("Tags", ())]
    described = [f'described as "{rule.row["Description"]}"'] if rule.row.get("Description") else []
    tagged = [f"tagged {', '.join(tags)}"] if tags else []
    return ", ".join([str(rule), *described, *tagged])
