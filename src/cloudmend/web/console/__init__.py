"""`cloudmend console`: pages on this machine over the ledger and AWS.

`context` is what the pages need, `app` puts them together and refuses whoever has no business here, `pages` are the
pages themselves, and `serve` runs them.
"""
