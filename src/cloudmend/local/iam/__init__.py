"""IAM of the embedded AWS: whether a caller may do what a call requests.

The order to read in: request.py (the question), evaluate.py (the decision), documents.py (policies), principals.py,
conditions.py, patterns.py. These are pure, and share no code with the judgement of public policies: they are its oracle.
"""
