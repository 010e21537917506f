"""The AWS side of Portico: one construct a concern, derived from the topology."""
