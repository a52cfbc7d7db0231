"""`cloudmend doctor`: why is nothing happening? Each module judges a part of what `reads` asks AWS for.

check.py     what a check is, and where cloudmend is deployed
stack.py     is it deployed, once, and for whom
trail.py     does CloudTrail report a call here at all
rule.py      does EventBridge pass the report on to the function
function.py  can the function run, how often it failed, and what became of its work
ledger.py    can the ledger's items be read, and when was each unit last read
settings.py  its settings, and its version
looks.py     the checks in their order
"""
