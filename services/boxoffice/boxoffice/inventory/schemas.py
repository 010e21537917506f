"""Seats as clients see them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class Seat(BaseModel):
    """One numbered seat and whether it can be had now."""

    id: str
    section: str
    row: str
    number: int
    price_cents: int
    status: Literal["available", "held", "sold"]


class SectionAvailability(BaseModel):
    """How many places of a section can be had now."""

    id: str
    kind: Literal["numbered", "general"]
    price_cents: int
    total: int
    available: int


class SeatMap(BaseModel):
    """Numbered seats one by one; standing places only as a count."""

    event_id: UUID
    seats: list[Seat]
    sections: list[SectionAvailability]
