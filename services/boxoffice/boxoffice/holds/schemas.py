"""Holds as clients ask for them and see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

PLACES_MAX = 10
SeatId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$")]
SectionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class HoldRequest(BaseModel):
    """Either numbered `seats`, or a `quantity` of a general-admission `section`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seats: Annotated[list[SeatId], Field(min_length=1, max_length=PLACES_MAX)] | None = None
    section: SectionId | None = None
    quantity: Annotated[int, Field(ge=1, le=PLACES_MAX)] | None = None
    replace: bool = False

    @model_validator(mode="after")
    def one_way_of_asking(self) -> Self:
        """Refuse both ways at once, neither, half of one, and a seat named twice."""
        by_section = self.section is not None and self.quantity is not None
        half = (self.section is None) != (self.quantity is None)
        if half or by_section == (self.seats is not None):
            raise ValueError("send either seats, or section and quantity")
        if self.seats is not None and len(set(self.seats)) != len(self.seats):
            raise ValueError("a seat is named twice")
        return self


class HeldSeat(BaseModel):
    """A seat that is kept; general-admission places have no row."""

    id: str
    section: str
    row: str | None
    number: int
    price_cents: int


class Hold(BaseModel):
    """Seats kept for one buyer until `expires_at`, by the database's clock."""

    id: UUID
    event_id: UUID
    seats: list[HeldSeat]
    expires_at: datetime
    total_cents: int
    currency: str
