"""Rules of charging.

The bank's decision, and the moment at which it becomes known, are stored with the charge in one transaction.
Until that moment the charge is `processing`; from then on every look at it sees its end. So a process that
dies while it waits for the bank leaves nothing behind that somebody would have to repair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

from payments.charges.bank import DECISIONS, Decision
from payments.charges.repository import ChargeRepository, NewCharge, StoredCharge
from payments.charges.schemas import Charge, ChargeRequest
from portico_kit.errors import InvalidRequest, NotFound, Problem, retry_after
from portico_kit.idempotency import IdempotencyKeyReused, request_hash
from portico_kit.ids import new_id
from portico_kit.postgres import Database
from portico_kit.telemetry import correlation_id

DUPLICATE_WAIT_S = 0.5  # how long a repeated request waits for the bank's answer to the first one


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
    """The first request with this key is still waiting for the bank.

    425 (RFC 8470) and not 409: callers take a 4xx for the end, except the few that mean "ask again".
    """

    status = 425
    code = "charge_in_progress"
    title = "Charge in progress"


REFUSALS = {refusal.code: refusal for refusal in (CardRefused, InsufficientFunds)}


class Charges:
    """Charging and looking up, always on the primary: a replica may not know of a charge yet."""

    def __init__(self, database: Database, decisions: Mapping[str, Decision] = DECISIONS) -> None:
        self._database = database
        self._decisions = decisions
        self._charges = ChargeRepository()

    async def create(self, key: str, request: ChargeRequest) -> Charge:
        """Charge a card, once for each key; the same key gives the same answer, a refusal too."""
        decision = self._decisions.get(request.card_token)
        if decision is None:
            raise UnknownCard(f"Use one of the test cards: {', '.join(self._decisions)}.")
        charge = new_charge(request, decision)
        async with self._database.transaction() as connection:
            mine = await self._charges.insert(connection, key, charge)
            found = mine or await self._charges.find_by_key(connection, key)
        assert found is not None  # noqa: S101  it was inserted, or the insert met it
        if found.request_hash != charge.request_hash:
            raise IdempotencyKeyReused("This key was used with another charge.")
        if found.status == "processing":
            patience_s = found.settles_in_s if mine else min(found.settles_in_s, DUPLICATE_WAIT_S)
            await asyncio.sleep(patience_s)
            found = await self._find(found.id)
        return answer(found)

    async def find(self, charge_id: UUID) -> Charge:
        """Return a charge; `ChargeNotFound`."""
        return Charge.model_validate(await self._find(charge_id))

    async def find_by_key(self, key: str) -> list[Charge]:
        """Return the charge of a key, if there is one."""
        async with self._database.transaction() as connection:
            found = await self._charges.find_by_key(connection, key)
        return [Charge.model_validate(found)] if found else []

    async def _find(self, charge_id: UUID) -> StoredCharge:
        async with self._database.transaction() as connection:
            found = await self._charges.find(connection, charge_id)
        if found is None:
            raise ChargeNotFound("There is no such charge.")
        return found


def new_charge(request: ChargeRequest, decision: Decision) -> NewCharge:
    """Return a charge as the bank decides it."""
    return NewCharge(
        id=new_id(),
        request_hash=request_hash("POST", "/v1/charges", "", request),
        status="declined" if decision.decline_code else "processing" if decision.after_s else "approved",
        decline_code=decision.decline_code,
        amount_cents=request.amount_cents,
        currency=request.currency,
        reference=request.reference,
        correlation_id=correlation_id(),
        settles_in_s=decision.after_s,
    )


def answer(charge: StoredCharge) -> Charge:
    """Answer as the first time: later refunds do not show, and a refusal names the request that met it."""
    if charge.decline_code is not None:
        refusal = REFUSALS[charge.decline_code]
        raise refusal("The bank refused the card.", correlation_id=charge.correlation_id)
    if charge.status == "processing":
        raise ChargeInProgress("The bank has not answered yet.", headers=retry_after(1))
    return Charge.model_validate(charge).model_copy(update={"refunded_cents": 0})
