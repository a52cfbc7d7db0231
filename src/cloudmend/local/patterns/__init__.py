"""EventBridge event patterns: which events a rule lets through.

The semantics are those of aws/event-ruler, the matcher that AWS publishes, within the limits that the
EventBridge User Guide documents ("Comparison operators for use in event patterns", "Quotas"). In short:

- an event is flattened to leaves, each with a dotted path and its place in the event's arrays;
- a pattern is compiled once (`compiler`) to branches, one for each combination of its `$or` alternatives;
- a branch matches when every path in it has a leaf that one of its tests accepts (`operators`, `values`), and no two
  of these leaves lie in different elements of one array.

Two things of AWS are left out: the limit on the complexity of wildcards, which is not published, and an
accident of event-ruler, which reads a value once for all tests of a field (in `[1, {"cidr": ...}]` the
`cidr` never matches there). Here a field matches if any of its tests does, as its README says.
"""
