"""Charging cards, once for each idempotency key."""
