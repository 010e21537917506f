"""Charges as callers ask for them and see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from payments.charges.currencies import check_currency

AMOUNT_CENTS_MAX = 100_000_000
Status = Literal["processing", "approved", "declined"]
Amount = Annotated[int, Field(ge=1, le=AMOUNT_CENTS_MAX, strict=True)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(check_currency)]
CardToken = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]


class ChargeRequest(BaseModel):
    """An amount to charge to a card; `reference` is the caller's own word for it."""

    model_config = ConfigDict(extra="forbid")

    amount_cents: Amount
    currency: Currency
    card_token: CardToken
    reference: Reference


class Charge(BaseModel):
    """A charge. While it is `processing` its end is not known."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: Status
    amount_cents: int
    currency: str
    refunded_cents: int
    reference: str
    created_at: datetime


class Charges(BaseModel):
    """The charges that a look-up found: none or one."""

    items: list[Charge]
