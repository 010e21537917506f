"""E-mails as callers ask for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Address = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;\"\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,190}$", max_length=254)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
TICKETS_MAX = 10


class Strict(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class Translated(Strict):
    """A text in both languages."""

    es: Line
    en: Line


class MailedEvent(Strict):
    """What the tickets are for."""

    title: Translated
    starts_at: datetime
    venue: Line
    city: Line
    time_zone: Line


class MailedOrder(Strict):
    """The order that the tickets belong to."""

    id: UUID
    total_cents: Annotated[int, Field(ge=0)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    event: MailedEvent


class MailedTicket(Strict):
    """One ticket; `qr` is the text to encode."""

    id: UUID
    qr: Line
    section: Translated
    row: Line | None
    number: int
    price_cents: Annotated[int, Field(ge=0)]


class EmailRequest(Strict):
    """An e-mail from the one template that there is."""

    template: Literal["tickets"]
    to: Address
    name: Line
    locale: Literal["es", "en"]
    order: MailedOrder
    tickets: Annotated[list[MailedTicket], Field(min_length=1, max_length=TICKETS_MAX)]


class Email(BaseModel):
    """An e-mail that has left."""

    id: UUID
    status: Literal["sent"]
