"""Tickets as their owner sees them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class Ticket(BaseModel):
    """A ticket; `qr` is the text to show as a QR code."""

    id: UUID
    order_id: UUID
    event_id: UUID
    seat_id: str
    section: str
    row: str | None
    number: int
    price_cents: int
    status: Literal["live", "void"]
    qr: str
