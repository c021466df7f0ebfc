"""Which events are one issue."""
