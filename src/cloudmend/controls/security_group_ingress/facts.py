"""The state of a group as AWS shows it: its rules, one for each source, and the prefix lists that they refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.controls.families.groups import Rule
from cloudmend.core.events import items, mapping, text
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.model import Json
from cloudmend.core.network import Network

_SAID: Final = ("IsEgress", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId")


def _said(row: Json) -> list[Any]:
    """Return what a rule admits, to compare it with the same rule at another time."""
    return [row.get(field) or None for field in _SAID]


class Unread(Struct, frozen=True):
    """The reason why something could not be read, and whether the next try would meet the same."""

    why: str
    lasts: bool


class Recency(Struct, frozen=True, kw_only=True):
    """The known ages of a group's rules. AWS shows no age; a rule of unknown age may be new."""

    named: frozenset[str] = frozenset()  # by the event: ids of rules, or of the prefix lists that they refer to
    known_since: Mapping[str, datetime] = {}  # rule id -> the earliest record that holds the rule as it is now
    old: frozenset[str] = frozenset()  # ids of rules that are older than cloudmend


class GroupFacts(Struct, frozen=True, kw_only=True):
    """A security group as AWS shows it, with its rules, ingress and egress, ordered by id: AWS's order must not matter.

    `image` is the answer as AWS gave it: the before-image of an Intent. `account` owns the group. The VPC and the name
    are known of complete facts.
    """

    account: str
    vpc_id: str = ""
    name: str = ""  # as its author typed it
    image: Json
    recency: Recency = Recency()
    group_id: str
    rules: tuple[Rule, ...]
    prefix_lists: Mapping[str, tuple[Network, ...]] = {}  # by id; one that is trusted is not here
    unread_lists: Mapping[str, Unread] = {}  # by id; what is known of their entries stands among the others
    vpc_blocks: tuple[Network, ...] = ()  # the VPC's own, where they may replace a source
    unread_vpc: str = ""  # why its blocks are not known, though they might replace a source

    @property
    def ingress(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.is_ingress)

    def without(self, rule_ids: frozenset[str]) -> GroupFacts:
        """Return the group without these rules."""
        kept = tuple(rule for rule in self.rules if rule.id not in rule_ids)
        return msgspec.structs.replace(self, rules=kept) if rule_ids else self

    def dated(self, recent: Iterable[LedgerRecord], old: frozenset[str] = frozenset()) -> GroupFacts:
        """Return the group with the time since when each rule has its present form, as far as its latest mends show.

        A rule that such a mend changed was opened again after the mend. `old` are ids of rules.
        """
        now = {rule.id: _said(rule.row) for rule in self.ingress}
        since: dict[str, datetime] = dict(self.recency.known_since)
        for entry in recent:
            changed = {edit.part for edit in entry.ended.record.edits} if entry.ended else now.keys()
            for row in map(mapping, items(entry.intent.before.get("SecurityGroupRules"))):
                rule_id = text(row.get("SecurityGroupRuleId"))
                if rule_id not in changed and now.get(rule_id) == _said(row):
                    since[rule_id] = min(entry.seen, since.get(rule_id, entry.seen))
        return msgspec.structs.replace(self, recency=msgspec.structs.replace(self.recency, known_since=since, old=old))

    def names(self, rule: Rule) -> bool:
        """Return whether the event names the rule, or the prefix list that is its source."""
        return bool(self.recency.named & {rule.id, rule.prefix_list_id})

    def trusts(self, rule: Rule) -> bool:
        """Return whether a rule's source is a prefix list that the policy trusts unread."""
        listed = rule.prefix_list_id
        return bool(listed) and listed not in self.prefix_lists and listed not in self.unread_lists

    def networks(self, rule: Rule) -> Iterable[Network]:
        """Return what a rule's source stands for; nothing for another group, or a list that is trusted."""
        if rule.network is not None:
            return (rule.network,)
        return self.prefix_lists.get(rule.prefix_list_id, ())
