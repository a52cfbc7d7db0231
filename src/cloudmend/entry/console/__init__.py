"""`cloudmend console`: pages on this machine over the ledger and AWS.

`surroundings` is what the pages stand on, `app` puts them together, `guard` refuses whoever has no business here,
`pages` are the pages themselves, and `serving` runs them.
"""
