"""Why is nothing happening? Each module judges a part of what AWS answered; the reads are aws/checks.py.

check.py     what a check is, and where cloudmend is deployed
stack.py     is it deployed, once, and for whom
trail.py     does CloudTrail report a call here at all
rule.py      does EventBridge pass the report on to the function
function.py  can the function run, and what became of its work
runs.py      how often it ran, and failed
records.py   can what the ledger holds be read
settings.py  what it was told to do, and in which version
"""

from __future__ import annotations
