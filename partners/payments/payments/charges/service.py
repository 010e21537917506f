"""Rules of charging."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from portico_kit.errors import InvalidRequest, NotFound, Problem, retry_after
from portico_kit.idempotency import IdempotencyKeyReused, request_hash
from portico_kit.ids import new_id
from portico_kit.postgres import Database

from payments.charges.bank import DECISIONS, Decision
from payments.charges.repository import ChargeRepository
from payments.charges.schemas import Charge, ChargeRequest


class UnknownCard(InvalidRequest):
    """No test card has this token."""

    code = "unknown_card"
    title = "Unknown card"


class ChargeNotFound(NotFound):
    """There is no such charge."""

    code = "charge_not_found"
    title = "Charge not found"


class CardRefused(Problem):
    """The bank refused the card."""

    status = 402
    code = "card_declined"
    title = "Card declined"


class InsufficientFunds(CardRefused):
    """The account does not cover the amount."""

    code = "insufficient_funds"
    title = "Insufficient funds"


class ChargeInProgress(Problem):
    """The first request with this key is still waiting for the bank (RFC 8470's status: ask again)."""

    status = 425
    code = "charge_in_progress"
    title = "Charge in progress"


REFUSALS = {refusal.code: refusal for refusal in (CardRefused, InsufficientFunds)}


class Charges:
    """Charging and looking up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._charges = ChargeRepository()

    async def create(self, key: str, request: ChargeRequest) -> Charge:
        """Charge a card, once for each key; the same key gives the same answer."""
        decision = DECISIONS.get(request.card_token)
        if decision is None:
            raise UnknownCard(f"Use one of the test cards: {', '.join(DECISIONS)}.")
        hashed = request_hash("POST", "/v1/charges", "", request)
        async with self._database.transaction() as connection:
            charge = new_charge(request, decision)
            mine = await self._charges.insert(connection, key, hashed, charge=charge, settles_in_s=decision.after_s)
            found = mine or await self._charges.find_by_key(connection, key)
        assert found is not None  # noqa: S101  it was inserted, or the insert met it
        if found["request_hash"] != hashed:
            raise IdempotencyKeyReused("This key was used with another charge.")
        if mine and decision.after_s:
            await asyncio.sleep(decision.after_s)
            return await self.find(found["id"])
        return answer(found)

    async def find(self, charge_id: UUID) -> Charge:
        """Return a charge; `ChargeNotFound`."""
        async with self._database.transaction() as connection:
            found = await self._charges.find(connection, charge_id)
        if found is None:
            raise ChargeNotFound("There is no such charge.")
        return Charge(**found)

    async def find_by_key(self, key: str) -> list[Charge]:
        """Return the charge of a key, if there is one."""
        async with self._database.transaction() as connection:
            found = await self._charges.find_by_key(connection, key)
        return [Charge(**found)] if found else []


def new_charge(request: ChargeRequest, decision: Decision) -> dict[str, Any]:
    """Return a charge as the bank decides it."""
    status = "declined" if decision.decline_code else "processing" if decision.after_s else "approved"
    fields = request.model_dump(include={"amount_cents", "currency", "reference"})
    return {"id": new_id(), "status": status, "decline_code": decision.decline_code, **fields}


def answer(found: dict[str, Any]) -> Charge:
    """Answer with a charge as it stands: approved, refused, or not known yet."""
    if found["status"] == "declined":
        raise REFUSALS[found["decline_code"]]("The bank refused the card.")
    if found["status"] == "processing":
        raise ChargeInProgress("The bank has not answered yet.", headers=retry_after(1))
    return Charge(**found)
