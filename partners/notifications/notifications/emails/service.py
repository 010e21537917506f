"""Rules of sending: once for each key, as far as SES lets us.

An e-mail is noted as `sending` before SES hears of it, and as `sent` once SES has taken it. SES has no
idempotency key, so an e-mail goes out twice when SES took it and we never learn: its answer is lost (the
client asks once more by itself, and so may our caller), or this process dies, or loses its database, before
the note. That is at least once; everything else is exactly once. Amazon SES puts a Message-ID of its own on
each, so that a reader then sees two e-mails.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from notifications.emails.delivery import Delivery, MessageRefused
from notifications.emails.message import MessageBuilder
from notifications.emails.repository import EmailRepository, KnownEmail
from notifications.emails.schemas import Email, EmailRequest
from portico_kit.errors import Problem, Unavailable, retry_after
from portico_kit.idempotency import IdempotencyKeyReused, request_hash
from portico_kit.ids import new_id
from portico_kit.postgres import Database

LOOKS_MAX = 4  # of a repeated request whose first one is still sending
LOOK_PAUSE_S = 0.2


class EmailInProgress(Problem):
    """The first request with this key is still sending.

    425 (RFC 8470) and not 409: callers take a 4xx for the end, except the few that mean "ask again".
    """

    status = 425
    code = "email_in_progress"
    title = "E-mail in progress"


class Emails:
    """Sending."""

    def __init__(self, database: Database, builder: MessageBuilder, delivery: Delivery) -> None:
        self._database = database
        self._builder = builder
        self._delivery = delivery
        self._emails = EmailRepository()

    async def send(self, key: str, request: EmailRequest) -> Email:
        """Send an e-mail, once for each key; the same key gives the same answer."""
        hashed = request_hash("POST", "/v1/emails", "", request)
        for look in range(LOOKS_MAX):
            if look:
                await asyncio.sleep(LOOK_PAUSE_S)
            email = await self._claim(key, hashed)
            if email.request_hash != hashed:
                raise IdempotencyKeyReused("This key was used with another e-mail.")
            if email.status == "ours":
                await self._send(email.id, request)
            if email.status in {"ours", "sent"}:
                return Email(id=email.id, status="sent")
        raise EmailInProgress("The e-mail is being sent.", headers=retry_after(1))

    async def _claim(self, key: str, hashed: bytes) -> KnownEmail:
        """Take the e-mail of a key to send it, or see what became of it."""
        async with self._database.transaction() as connection:
            known = await self._emails.find(connection, key)
            if known is None or known.status == "abandoned":
                claimed = await self._emails.claim(connection, new_id(), key, hashed)
                if claimed is not None:
                    return KnownEmail(id=claimed, status="ours", request_hash=hashed)
                known = await self._emails.find(connection, key)
        assert known is not None  # noqa: S101  claiming has met it
        return known

    async def _send(self, email_id: UUID, request: EmailRequest) -> None:
        try:
            # Ten QR codes are a quarter of a second of work, and others want to be answered meanwhile.
            message = await asyncio.to_thread(self._builder.build, email_id, request)
            await self._delivery.deliver(message)
        except (Unavailable, MessageRefused):
            async with self._database.transaction() as connection:
                await self._emails.give_back(connection, email_id)
            raise
        async with self._database.transaction() as connection:
            await self._emails.sent(connection, email_id)
