"""`cloudmend explain`: why a resource or a part is or is not at fault."""
