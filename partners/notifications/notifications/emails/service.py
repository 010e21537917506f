"""Rules of sending: once for each key, as far as e-mail can be.

SES has no idempotency key. Between its answer and our note of it a crash would send the same e-mail twice, with the
same Message-ID, by which most readers show it once. Everything else is exactly once.
"""

from __future__ import annotations

from uuid import UUID

from portico_kit.errors import Problem, Unavailable, retry_after
from portico_kit.idempotency import IdempotencyKeyReused, request_hash
from portico_kit.ids import new_id
from portico_kit.postgres import Database

from notifications.emails.delivery import Delivery
from notifications.emails.message import MessageBuilder
from notifications.emails.repository import EmailRepository
from notifications.emails.schemas import Email, EmailRequest


class EmailInProgress(Problem):
    """The first request with this key is still sending (RFC 8470's status: ask again)."""

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
        async with self._database.transaction() as connection:
            email_id = await self._emails.claim(connection, new_id(), key, hashed)
            known = None if email_id else await self._emails.find(connection, key)
        if known is not None:
            if known.request_hash != hashed:
                raise IdempotencyKeyReused("This key was used with another e-mail.")
            if known.status != "sent":
                raise EmailInProgress("The e-mail is being sent.", headers=retry_after(1))
            return Email(id=known.id, status="sent")
        assert email_id is not None  # noqa: S101  claimed
        await self._send(email_id, request)
        return Email(id=email_id, status="sent")

    async def _send(self, email_id: UUID, request: EmailRequest) -> None:
        try:
            await self._delivery.deliver(self._builder.build(email_id, request))
        except Unavailable:
            async with self._database.transaction() as connection:
                await self._emails.give_back(connection, email_id)
            raise
        async with self._database.transaction() as connection:
            await self._emails.sent(connection, email_id)
