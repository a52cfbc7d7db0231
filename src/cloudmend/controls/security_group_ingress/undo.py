"""Takes a mend of a group back: each rule that it changed, compared with what AWS answers now.

The undo that is derived for all controls (`core/reversal.py`) compares values of parts alone, so it cannot serve here:

- A rule from a prefix list opens what the list holds by now. The derived one would open a list that has grown since.
- A rule that somebody else had revoked before cloudmend could stays revoked. The derived one would open it.
- EC2 refuses a second rule of the same traffic and source. The derived one finds no difference in a rule that somebody
  added with another description, and the call fails.
- Where the ledger had no room for tags, rules are compared without them. The derived one sees a difference there.
- A difference names the description and the tags that somebody changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from cloudmend.controls.families.groups import Rule, authorize, find_groups
from cloudmend.controls.security_group_ingress.marks import mark_of
from cloudmend.controls.security_group_ingress.mended import MendedRule, mended_rules
from cloudmend.controls.security_group_ingress.plan import modify
from cloudmend.controls.security_group_ingress.recorded import change_of, fields_of, tags_of
from cloudmend.core.contract import Difference, UndoStatus
from cloudmend.core.model import Edit, Intent, Record, Request
from cloudmend.core.ports import Reader

_PAGE: Final = 1000  # the most rules that one answer may hold

# Of whoever takes a mend back. A rule comes back with its tags in the call that authorizes it: that needs CreateTags.
PERMISSIONS: Final = frozenset(
    {
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateTags",
        "ec2:DescribeManagedPrefixLists",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:GetManagedPrefixListEntries",
        "ec2:ModifySecurityGroupRules",
    }
)


def revert(intent: Intent, record: Record, reader: Reader) -> UndoStatus:
    """Return how much of the mend is undone now, and the missing changes. Raises AwsError, and UndoRefused."""
    mended = mended_rules(intent, record)
    filters = [{"Name": "group-id", "Values": [intent.resource.id]}]
    request = Request("ec2:DescribeSecurityGroupRules", {"Filters": filters, "MaxResults": _PAGE})
    live = {rule.id: rule for rule in map(Rule, reader.rows(request, "SecurityGroupRules"))}
    if not live and not find_groups(filters, reader):  # a group without rules and no group give the same rows: none
        return UndoStatus(is_gone=True)
    return UndoStatus.of(_judged(rule, live, intent.resource.id, reader) for rule in mended)


def _judged(mended: MendedRule, live: Mapping[str, Rule], group_id: str, reader: Reader) -> UndoStatus:
    """Return how much of the mend of one rule is undone. `live` holds the present rules by id."""
    before, now = mended.before, live.get(mended.before.id)
    twin = next((rule for rule in live.values() if rule.is_ingress and rule.place == before.place), None)
    said = partial(_said, tags=mended.has_tags)
    if twin is not None and said(twin) == said(before):
        return UndoStatus(marks=(_mark(mended),), restored=(_restored(mended, twin),))
    if now is None and mended.elsewhere:
        return UndoStatus(restored=(_left_closed(before),))
    if said(now) != said(mended.left):
        return _differs(before, _told(mended.left), _told(now))
    if twin is not None:
        return _differs(before, f"no rule for {before}", f"{twin.id}, {_told(twin)}")
    if mended.prefix_list and (change := change_of(before.prefix_list_id, mended.prefix_list, reader)):
        return UndoStatus(differences=(change,))
    return UndoStatus(marks=(_mark(mended),), requests=(_inverse(group_id, before, now),))


def _mark(mended: MendedRule) -> str:
    """Return the mark of the rule; with the version of a prefix list, so that a list that grows is not exempt."""
    return mark_of(mended.before, mended.prefix_list.version if mended.prefix_list else None)


def _said(rule: Rule | None, *, tags: bool) -> Any:
    """Return all of a rule that is not AWS's own choice, so that two rules can be compared."""
    return rule and (fields_of(rule), tags_of(rule) if tags else ())


def _inverse(group_id: str, before: Rule, now: Rule | None) -> Request:
    """A narrowed rule gets its source back; a revoked one comes back under a new id."""
    return authorize(group_id, before) if now is None else modify(group_id, before)


def _restored(mended: MendedRule, now: Rule) -> Edit:
    was = "" if now.id == mended.before.id else f", in place of {mended.before.id}"
    return Edit(
        part=now.id, before=str(mended.left or ""), after=str(now), did=f"{now.id} is {now} again{was}", why="undone"
    )


def _left_closed(before: Rule) -> Edit:
    told = f"{before} stays revoked, because somebody else had revoked it first"
    return Edit(part=before.id, before="", after="", did=told, why="not cloudmend's")


def _differs(before: Rule, expected: str, found: str) -> UndoStatus:
    return UndoStatus(differences=(Difference(part=before.id, expected=expected, found=found),))


def _told(rule: Rule | None) -> str:
    """A rule in words, with all that somebody may have changed."""
    if rule is None:
        return "no such rule"
    tags = [f"{tag['Key']}={tag['Value']}" for tag in rule.row.get("Tags", ())]
    described = [f'described as "{rule.row["Description"]}"'] if rule.row.get("Description") else []
    tagged = [f"tagged {', '.join(tags)}"] if tags else []
    return ", ".join([str(rule), *described, *tagged])
