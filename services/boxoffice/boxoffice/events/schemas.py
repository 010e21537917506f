"""Event documents as clients see them. Organisers add attributes of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class Translated(BaseModel):
    """A text in the languages of the house."""

    es: str
    en: str


class Rectangle(BaseModel):
    """A place on the seat map, in map units; the origin is the top left."""

    x: float
    y: float
    width: float
    height: float


class Shape(Rectangle):
    """Where a section's seats stand: rows evenly along the height, the first nearest the stage.

    `rotate_deg` turns the rectangle about its centre; `bend` moves the ends of each row towards the stage.
    """

    rotate_deg: float = 0
    bend: float = 0


class VenueMap(BaseModel):
    """Size of the seat map and the place of the stage."""

    width: float
    height: float
    stage: Rectangle


class VenueSummary(BaseModel):
    """Where an event takes place."""

    id: str
    name: str
    city: str
    address: str
    time_zone: str


class Venue(VenueSummary):
    """The venue with its map."""

    map: VenueMap


class SeatRow(BaseModel):
    """A row of numbered seats, numbered from 1."""

    label: str
    seats: int


class Section(BaseModel):
    """A part of the house that has one price."""

    id: str
    name: Translated
    kind: Literal["numbered", "general"]
    price_cents: int
    capacity: int
    rows: list[SeatRow] = []
    shape: Shape


AttributeValue = str | float | bool | list[str] | Translated


class EventSummary(BaseModel):
    """An event as it stands in the programme."""

    id: UUID
    slug: str
    organiser_id: UUID
    status: Literal["published"]
    category: str
    title: Translated
    summary: Translated
    starts_at: datetime
    doors_at: datetime
    venue: VenueSummary
    currency: str
    price_from_cents: int
    poster: str
    attributes: dict[str, AttributeValue]


class Event(EventSummary):
    """An event with everything about it."""

    description: Translated
    venue: Venue
    sections: list[Section]
