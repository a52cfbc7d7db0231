"""The policy: the settings of controls, and where cloudmend may act. If any of it is wrong, all is refused.

`parse_policy` makes a `Policy` of a policy file's text and of settings, once, at the edge. docs/reference/policy.md has
every key.
"""

from __future__ import annotations

from cloudmend.core.policy.catalog import Catalog, Described
from cloudmend.core.policy.model import Choice, Exemption, Existing, Mode, Modes, Policy
from cloudmend.core.policy.parse import parse_policy, review_policy
from cloudmend.core.policy.place import MODE, SETTINGS, Parameter

__all__ = [
    "MODE",
    "SETTINGS",
    "Catalog",
    "Choice",
    "Described",
    "Exemption",
    "Existing",
    "Mode",
    "Modes",
    "Parameter",
    "Policy",
    "parse_policy",
    "review_policy",
]
