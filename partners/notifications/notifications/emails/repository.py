"""E-mails in PostgreSQL: one for each idempotency key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from portico_kit.postgres import Connection

CLAIM_S = 30  # whoever has not sent by then is taken to have died: SES and the database answer much sooner
# The key is new, or its sender died: either way the e-mail is now ours to send.
CLAIM = """
INSERT INTO email (id, idempotency_key, request_hash) VALUES ($1, $2, $3)
ON CONFLICT (idempotency_key) DO UPDATE SET attempted_at = now()
    WHERE email.status = 'sending' AND email.attempted_at <= now() - make_interval(secs => $4)
      AND email.request_hash = excluded.request_hash
RETURNING id
"""
FIND = """
SELECT id, request_hash,
       CASE WHEN status = 'sending' AND attempted_at <= now() - make_interval(secs => $2) THEN 'abandoned'
            ELSE status END AS status
FROM email WHERE idempotency_key = $1
"""
SENT = "UPDATE email SET status = 'sent', sent_at = now() WHERE id = $1"
GIVE_BACK = "UPDATE email SET attempted_at = 'epoch' WHERE id = $1 AND status = 'sending'"


@dataclass(frozen=True, kw_only=True)
class KnownEmail:
    """An e-mail that was asked for; `ours` to send, or `abandoned` by somebody who died."""

    id: UUID
    status: Literal["ours", "sending", "abandoned", "sent"]
    request_hash: bytes


class EmailRepository:
    """Every method belongs to the caller's transaction."""

    async def claim(
        self, connection: Connection, email_id: UUID, key: str, request_hash: bytes
    ) -> UUID | None:
        """Take an e-mail to send; None if it was sent, or somebody is sending it."""
        claimed: UUID | None = await connection.fetchval(CLAIM, email_id, key, request_hash, CLAIM_S)
        return claimed

    async def find(self, connection: Connection, key: str) -> KnownEmail | None:
        """Return the e-mail of a key, or None."""
        record = await connection.fetchrow(FIND, key, CLAIM_S)
        return KnownEmail(**dict(record)) if record else None

    async def sent(self, connection: Connection, email_id: UUID) -> None:
        """Remember that an e-mail has left."""
        await connection.execute(SENT, email_id)

    async def give_back(self, connection: Connection, email_id: UUID) -> None:
        """Let the next request with the key try again at once."""
        await connection.execute(GIVE_BACK, email_id)
