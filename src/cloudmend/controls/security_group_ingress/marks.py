"""Rules by what they say: an exemption names them so, because a rule that comes back has another id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.core.errors import InputError
from cloudmend.core.network import ALL_PORTS, Traffic

_ICMP: Final = ("icmp", "icmpv6")
_ANY: Final = -1  # type or code
_MARK: Final = re.compile(r"(?P<traffic>.+) from (?P<source>\S+)(?P<version> in version \d{1,9})?", re.ASCII)
_PORTS: Final = re.compile(r"(?P<protocol>tcp|udp)/(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?", re.ASCII)
_OTHER_TRAFFIC: Final = re.compile(r"all traffic|protocol \d{1,3}|icmp(v6)?( type \d{1,3}( code \d{1,3})?)?", re.ASCII)
_ID: Final = re.compile(r"(pl|sg)-[0-9a-f]{8,17}", re.ASCII)


def marks(facts: GroupFacts) -> Mapping[str, frozenset[str]]:
    """Return the marks of each ingress rule, by its id. EC2 allows no two rules of a group with an equal mark.

    A rule from a prefix list has two marks: with the present version of the list, and without a version.
    """
    versions = {row["PrefixListId"]: row.get("Version") for row in facts.image.get("PrefixLists", ())}
    return {
        rule.id: frozenset({mark_of(rule), mark_of(rule, versions.get(rule.prefix_list_id))}) for rule in facts.ingress
    }


def mark_of(rule: Rule, version: int | None = None) -> str:
    """The rule in words, as everywhere; of ICMP with type and code, which EC2 tells apart as well.

    With the version of its prefix list it says what that list held then, and no longer what the list becomes.
    """
    told = "" if version is None else f" in version {version}"
    return f"{rule.traffic}{_icmp(rule)} from {rule.source}{told}"


def parse_mark(text: str) -> str:
    """Return a typed mark in the form of `mark_of`. Raises InputError."""
    match = _MARK.fullmatch(" ".join(text.split()))
    traffic = match and _traffic(match["traffic"])
    source = match and _source(match["source"])
    version = (match and match["version"]) or ""
    if not (traffic and source) or (version and not source.startswith("pl-")):
        raise InputError(
            f"{text!r} is neither the id of a security group rule nor the text of one. Write an id such as "
            "sgr-05fe30eb67c909f27, or a protocol, ports and a source, such as 'tcp/22 from 203.0.113.0/24', "
            "'udp/53-54 from pl-05fe30eb67c909f27' or 'all traffic from 2001:db8::/32'."
        )
    return f"{traffic} from {source}{version}"


def _icmp(rule: Rule) -> str:
    if rule.traffic.protocol not in _ICMP:
        return ""
    type_, code = rule.row.get("FromPort", _ANY), rule.row.get("ToPort", _ANY)
    return "".join(f" {name} {number}" for name, number in (("type", type_), ("code", code)) if number != _ANY)


def _traffic(text: str) -> str:
    """Canonical; empty where it is none."""
    if ports := _PORTS.fullmatch(text):
        first, last = int(ports["first"]), int(ports["last"] or ports["first"])
        return str(Traffic(ports["protocol"], first, last)) if first <= last <= ALL_PORTS[1] else ""
    return text if _OTHER_TRAFFIC.fullmatch(text) else ""


def _source(text: str) -> str:
    """Canonical; empty where it is none. A range may have no bits beyond its mask: EC2 shows none."""
    if _ID.fullmatch(text):
        return text
    try:
        return str(ip_network(text)) if "/" in text else ""
    except ValueError:
        return ""
