"""The policy: the settings of controls, and where cloudmend may act. If any of it is wrong, all is refused.

`parse.parse_policy` makes a `Policy` of a policy file's text and of settings, once, at the edge.
docs/reference/policy.md has every key.
"""
