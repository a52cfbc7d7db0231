"""IAM of the embedded AWS: whether a caller may do what a call requests.

The order to read in: request.py (the question), evaluate.py (the decision), documents.py (policies), principals.py,
conditions.py, patterns.py. They are pure. They share no code with the judgement of public policies, because they are
its oracle. collect.py, organization.py, and sessions.py read from moto's state the caller of a key, and its policies.

actions.py describes an API call: the requests for access that it makes. AWS answers it only if all of them are
allowed. resources.py has the ARNs, actions_context.py the condition keys, resources_described.py what both read.
resources_state.py adds what the embedded AWS knows of a resource. A call that nobody described is granted to nobody.
"""
