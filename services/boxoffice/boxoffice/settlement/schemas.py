"""What the saga tells the box office, and what it is told. Internal: the gateway does not route these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from boxoffice.events.schemas import Translated
from boxoffice.orders.schemas import Status

PartnerId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class Confirm(BaseModel):
    """The card was charged."""

    charge_id: PartnerId


class Decline(BaseModel):
    """The card was not charged, or nobody knows."""

    reason: Reason
    outcome_unknown: bool = False


class Refund(BaseModel):
    """A charge was given back."""

    charge_id: PartnerId
    refund_id: PartnerId


class Notified(BaseModel):
    """What became of the e-mail."""

    outcome: Literal["ok", "rejected", "open", "failed"]


class Settled(BaseModel):
    """Where the order is now."""

    status: Status


class MailedEvent(BaseModel):
    """The event as the e-mail names it."""

    title: Translated
    starts_at: datetime
    venue: str
    city: str
    time_zone: str


class MailedOrder(BaseModel):
    """The order as the e-mail names it."""

    id: UUID
    total_cents: int
    currency: str
    event: MailedEvent


class MailedTicket(BaseModel):
    """A ticket as the e-mail shows it."""

    id: UUID
    qr: str
    section: Translated
    row: str | None
    number: int
    price_cents: int


class Notification(BaseModel):
    """The body of the e-mail to send; the saga adds the buyer's address."""

    template: Literal["tickets"] = "tickets"
    locale: Literal["es", "en"]
    order: MailedOrder
    tickets: list[MailedTicket]


class Confirmed(Settled):
    """The order stands, and this is what to tell the buyer."""

    notification: Notification
