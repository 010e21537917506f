"""Orders as clients place them and follow them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from boxoffice.holds.schemas import HeldSeat

Status = Literal["pending", "confirmed", "declined", "expired", "refunded"]
# What a payment provider's browser library hands out in place of a card; never a card number.
CardToken = Annotated[str, StringConstraints(pattern=r"^tok_[A-Za-z0-9_]{1,64}$")]


class OrderRequest(BaseModel):
    """A hold to pay for, with a card. Price and buyer are not the client's to say."""

    model_config = ConfigDict(extra="forbid")

    hold_id: UUID
    card_token: CardToken
    locale: Literal["es", "en"] = "es"


class Order(BaseModel):
    """An order; `reason` says why it was declined, expired or refunded."""

    id: UUID
    status: Status
    reason: str | None
    event_id: UUID
    seats: list[HeldSeat]
    total_cents: int
    currency: str
    created_at: datetime
    deadline_at: datetime
