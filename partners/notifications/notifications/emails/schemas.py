"""E-mails as callers ask for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

TICKETS_MAX = 10
ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
LABEL = r"[^\W_]([^\W_]|-)*"
ADDRESS = rf"^{ATOM}(\.{ATOM})*@({LABEL}\.)+{LABEL}$"
# Nothing that ends a line anywhere, the Unicode ways included: lines become header fields.
LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,200}$"


def with_ascii_domain(address: str) -> str:
    """Return an address with its domain as name servers know it (RFC 3490)."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise ValueError("not a domain") from None


def known_time_zone(name: str) -> str:
    """Return the name of a time zone that exists."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a path outside, a folder of zones
        raise ValueError("not a time zone") from None
    return name


Address = Annotated[
    str, StringConstraints(pattern=ADDRESS, max_length=254), AfterValidator(with_ascii_domain)
]
Line = Annotated[str, StringConstraints(pattern=LINE)]
TimeZone = Annotated[Line, AfterValidator(known_time_zone)]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))
]


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
    starts_at: Moment
    venue: Line
    city: Line
    time_zone: TimeZone


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
