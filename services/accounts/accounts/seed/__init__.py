"""The groups and the demo accounts."""
