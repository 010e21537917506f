"""Rendering and sending e-mail, once for each idempotency key."""
