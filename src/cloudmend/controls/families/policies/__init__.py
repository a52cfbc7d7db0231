"""The judgement of resource policies: can a stranger use it, by which request, and how is it narrowed? Pure."""
