"""Rules of refunding: an approved charge, never more than is left of it, once for each key."""

from __future__ import annotations

from uuid import UUID

from payments.charges.repository import ChargeRepository, StoredCharge
from payments.charges.service import ChargeNotFound
from payments.refunds.repository import NewRefund, RefundRepository, StoredRefund
from payments.refunds.schemas import Refund, RefundRequest
from portico_kit.errors import Conflict, InvalidRequest
from portico_kit.idempotency import IdempotencyKeyReused, request_hash
from portico_kit.ids import new_id
from portico_kit.postgres import Connection, Database


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
        """Give a charge back, in whole or in part; the same key gives the same answer."""
        refund = NewRefund(
            id=new_id(),
            charge_id=charge_id,
            request_hash=request_hash("POST", f"/v1/charges/{charge_id}/refunds", "", request),
            amount_cents=request.amount_cents,
        )
        async with self._database.transaction() as connection:
            charge = await self._charges.lock(connection, charge_id)
            if charge is None:
                raise ChargeNotFound("There is no such charge.")
            found = await self._refunds.find_by_key(connection, key)
            if found is None:
                check_refundable(charge, refund.amount_cents)
                found = await self._give_back(connection, key, refund)
        if found is None or found.request_hash != refund.request_hash:
            raise IdempotencyKeyReused("This key was used with another refund.")
        return Refund.model_validate(found)

    async def _give_back(self, connection: Connection, key: str, refund: NewRefund) -> StoredRefund | None:
        """Store a refund and count it; None if another charge's refund took the key in this very moment."""
        made = await self._refunds.insert(connection, key, refund)
        if made is not None:
            await self._charges.add_refunded(connection, refund.charge_id, refund.amount_cents)
        return made


def check_refundable(charge: StoredCharge, amount_cents: int) -> None:
    """Raise unless so much of the charge can be given back."""
    if charge.status != "approved":
        raise ChargeNotApproved("Only an approved charge can be refunded.")
    left_cents = charge.amount_cents - charge.refunded_cents
    if amount_cents > left_cents:
        raise RefundExceedsCharge("Less is left of the charge.", refundable_cents=left_cents)
