"""Orders: what a buyer asked to pay for, accepted once for each idempotency key."""
