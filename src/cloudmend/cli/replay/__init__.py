"""`cloudmend replay`: what cloudmend would have done about the calls in CloudTrail's files.

`files` chooses the files, `decode` and `calls` read them, `sorted_calls` puts their calls in order, and `episodes`
follows the findings that the calls opened and closed. `summary`, `suggestions` and `table` report them.
"""
