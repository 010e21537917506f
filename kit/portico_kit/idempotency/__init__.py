"""Idempotency keys: the same key gives the same answer, status and body, and the work is done once.

The record is written in the transaction of the work itself, so that neither exists without the other. A
second request with the key waits for the first one's transaction and then finds its answer.
Source: IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

from portico_kit.idempotency.key import (
    IdempotencyKey,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    request_hash,
)
from portico_kit.idempotency.repository import CREATE_TABLE, IdempotencyStore, StoredResponse

__all__ = [
    "CREATE_TABLE",
    "IdempotencyKey",
    "IdempotencyKeyInvalid",
    "IdempotencyKeyMissing",
    "IdempotencyKeyReused",
    "IdempotencyStore",
    "StoredResponse",
    "request_hash",
]
