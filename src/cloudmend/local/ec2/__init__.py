"""EC2's security groups and prefix lists, as strict as EC2 is: the model, its wire format, an in-memory client.

The order to read in: model.py (the nouns), groups.py (one call), lifecycle.py (what a request names), rules.py (what
may become of rules), prefix_lists.py, describe.py, checks.py (single values), rows.py, and wire.py.
"""
