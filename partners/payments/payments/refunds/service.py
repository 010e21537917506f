"""Rules of refunding: an approved charge, never more than is left of it, once for each key."""

from __future__ import annotations

from uuid import UUID

from portico_kit.errors import Conflict, InvalidRequest
from portico_kit.idempotency import IdempotencyKeyReused, request_hash
from portico_kit.ids import new_id
from portico_kit.postgres import Database

from payments.charges.repository import ChargeRepository
from payments.charges.service import ChargeNotFound
from payments.refunds.repository import RefundRepository
from payments.refunds.schemas import Refund, RefundRequest


class RefundExceedsCharge(InvalidRequest):
    """More is asked back than is left; `refundable_cents` says how much is."""

    code = "refund_exceeds_charge"
    title = "Refund exceeds charge"


class ChargeNotApproved(Conflict):
    """Only an approved charge can be given back."""

    code = "charge_not_approved"
    title = "Charge not approved"


class Refunds:
    """Giving back. The charge's row is locked first, so refunds of one charge come one after the other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._charges = ChargeRepository()
        self._refunds = RefundRepository()

    async def create(self, charge_id: UUID, key: str, request: RefundRequest) -> Refund:
        """Give a charge back, in whole or in part."""
        hashed = request_hash("POST", f"/v1/charges/{charge_id}/refunds", "", request)
        async with self._database.transaction() as connection:
            charge = await self._charges.find(connection, charge_id, lock=True)
            if charge is None:
                raise ChargeNotFound("There is no such charge.")
            known = await self._refunds.find_by_key(connection, key)
            if known is not None and known["request_hash"] != hashed:
                raise IdempotencyKeyReused("This key was used with another refund.")
            if known is not None:
                return Refund(**known)
            if charge["status"] != "approved":
                raise ChargeNotApproved("Only an approved charge can be refunded.")
            left = charge["amount_cents"] - charge["refunded_cents"]
            if request.amount_cents > left:
                raise RefundExceedsCharge("Less is left of the charge.", refundable_cents=left)
            await self._charges.add_refunded(connection, charge_id, request.amount_cents)
            made = await self._refunds.insert(
                connection, new_id(), charge_id, key, hashed, request.amount_cents
            )
        return Refund(**made)
