"""Where answers are kept by their key. Every call belongs to the caller's own transaction."""

from __future__ import annotations

from dataclasses import dataclass

from portico_kit.idempotency.key import IdempotencyKeyReused
from portico_kit.postgres import Connection

CREATE_TABLE = """
CREATE TABLE idempotency_key (
    scope text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
)
"""

# The insert waits for a concurrent transaction with the same key; if that one commits, nothing is returned
# here.
BEGIN = """
INSERT INTO idempotency_key (scope, key, request_hash) VALUES ($1, $2, $3)
ON CONFLICT (scope, key) DO NOTHING RETURNING true
"""
FIND = "SELECT request_hash, status, body FROM idempotency_key WHERE scope = $1 AND key = $2"
FINISH = "UPDATE idempotency_key SET status = $3, body = $4 WHERE scope = $1 AND key = $2"


@dataclass(frozen=True)
class StoredResponse:
    """The answer that was given the first time."""

    status: int
    body: bytes


class IdempotencyStore:
    """Keys of one scope do not meet those of another: a scope is a subject."""

    async def begin(
        self, connection: Connection, scope: str, key: str, hashed: bytes
    ) -> StoredResponse | None:
        """Claim the key; return the stored answer instead if the work was done already."""
        if await connection.fetchval(BEGIN, scope, key, hashed):
            return None
        record = await connection.fetchrow(FIND, scope, key)
        assert record is not None  # noqa: S101  the insert met it
        if record["request_hash"] != hashed:
            raise IdempotencyKeyReused("This key was used with another request.")
        return StoredResponse(record["status"], record["body"])

    async def finish(self, connection: Connection, scope: str, key: str, status: int, body: bytes) -> None:
        """Store the answer beside the work."""
        await connection.execute(FINISH, scope, key, status, body)
