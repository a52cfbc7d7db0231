"""IAM of the embedded AWS: who may call what.

`request` has the shapes that its parts exchange.
"""
