"""The deployed functions: what EventBridge and the schedule wake, and the world that they act in."""
