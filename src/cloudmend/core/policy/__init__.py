"""What is at fault, what replaces it, and where cloudmend may act; refused whole if any of it is wrong.

`parse_policy` makes a `Policy` of a policy file's text and of settings, once, at the edge.
docs/reference/policy.md has every key.
"""

from __future__ import annotations

from cloudmend.core.policy.model import FAMILIES, Exemption, Mode, Modes, Policy, Replacement
from cloudmend.core.policy.parse import parse_policy, review_policy
from cloudmend.core.policy.place import GUARDED_PORTS, MODE, PARAMETERS, REPLACEMENT

__all__ = [
    "FAMILIES",
    "GUARDED_PORTS",
    "MODE",
    "PARAMETERS",
    "REPLACEMENT",
    "Exemption",
    "Mode",
    "Modes",
    "Policy",
    "Replacement",
    "parse_policy",
    "review_policy",
]
