"""Refunds as callers ask for them and see them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from payments.charges.schemas import Amount


class RefundRequest(BaseModel):
    """How much of a charge to give back."""

    model_config = ConfigDict(extra="forbid")

    amount_cents: Amount


class Refund(BaseModel):
    """Money given back."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    charge_id: UUID
    amount_cents: int
    created_at: datetime
