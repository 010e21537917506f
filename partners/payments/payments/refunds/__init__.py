"""Giving charges back, never more than was charged."""
