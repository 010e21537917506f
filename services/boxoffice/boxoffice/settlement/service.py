"""Rules of settling: each order ends once, and every repetition of a step finds it done.

pending ──confirm──▶ confirmed ──refund──▶ refunded
   ├────decline──▶ declined ──late charge refunded──▶ refunded
   └────deadline─▶ expired  ──late charge refunded──▶ refunded
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from boxoffice.events.service import Events
from boxoffice.ledger.repository import Ledger
from boxoffice.orders.service import OrderNotFound
from boxoffice.outbox.repository import OutboxRepository
from boxoffice.settlement.repository import LockedOrder, SettlementRepository
from boxoffice.settlement.schemas import Confirmed, Decline, Notification, Refund, Settled
from boxoffice.tickets.repository import TicketRepository
from boxoffice.tickets.signing import TicketSigner
from portico_kit.errors import Conflict
from portico_kit.postgres import Connection, Database

# After an unknown outcome: a charge that came late is looked for again (docs/decisions/0004).
LOOK_DELAYS_S = (10, 60, 300, 3600)


class OrderNotPending(Conflict):
    """The order has ended otherwise; `order_status` says how."""

    code = "order_not_pending"
    title = "Order not pending"


class OtherCharge(Conflict):
    """The order stands, paid by another charge than the one that was refunded."""

    code = "other_charge"
    title = "Another charge"


class Settlement:
    """The saga's steps in the box office."""

    def __init__(self, database: Database, events: Events, signer: TicketSigner) -> None:
        self._database = database
        self._events = events
        self._signer = signer
        self._orders = SettlementRepository()
        self._tickets = TicketRepository()
        self._ledger = Ledger()
        self._outbox = OutboxRepository()

    async def confirm(self, order_id: UUID, charge_id: str) -> Confirmed:
        """Confirm a paid order, with its tickets and ledger. `OrderNotPending` asks for a refund."""
        async with self._database.transaction() as connection:
            order = await self._lock(connection, order_id)
            if order.status == "pending":
                await self._orders.settle(connection, order, "confirmed", None, charge_id=charge_id)
                await self._tickets.issue(connection, order.id, order.buyer_id, order.event_id, order.seats)
                await self._ledger.sale(
                    connection, order.id, order.organiser_id, order.total_cents, order.currency
                )
            elif order.status != "confirmed" or order.charge_id != charge_id:
                raise OrderNotPending("The order has ended.", order_status=order.status)
            tickets = await self._tickets.of_order(connection, order.id)
        return Confirmed(status="confirmed", notification=await self._notification(order, tickets))

    async def decline(self, order_id: UUID, request: Decline) -> Settled:
        """End an unpaid order and free its seats. Declining an order that has ended changes nothing."""
        async with self._database.transaction() as connection:
            order = await self._lock(connection, order_id)
            if order.status == "pending":
                await self._end_unpaid(connection, order, "declined", request.reason)
                # "Nothing was sent" is said by one execution, and there was another before it.
                if request.outcome_unknown or order.checkout_attempts > 0:
                    await self._seek_charge(connection, order.id)
                return Settled(status="declined")
        return Settled.model_validate({"status": order.status})

    async def expire(self, order_id: UUID) -> None:
        """End an order whose deadline is over. Its card may have been charged: that is looked for."""
        async with self._database.transaction() as connection:
            order = await self._lock(connection, order_id)
            if order.status == "pending":
                await self._end_unpaid(connection, order, "expired", "deadline_passed")
                await self._seek_charge(connection, order.id)

    async def refund(self, order_id: UUID, request: Refund) -> Settled:
        """Record that the charge was given back, once; `OrderNotPending`, `OtherCharge`."""
        async with self._database.transaction() as connection:
            order = await self._lock(connection, order_id)
            if order.status == "pending":
                raise OrderNotPending("A pending order is declined, not refunded.", order_status=order.status)
            if order.status == "confirmed" and order.charge_id != request.charge_id:
                raise OtherCharge("The order was paid by another charge.")
            if order.status == "confirmed":
                await self._take_back(connection, order, request)
            elif order.status != "refunded":
                await self._record_late_charge(connection, order, request)
        return Settled(status="refunded")

    async def reversal_checked(self, order_id: UUID) -> Settled:
        """Hear that no charge was found for an order that has ended. The last look settles it."""
        async with self._database.transaction() as connection:
            order = await self._lock(connection, order_id)
            await self._orders.charge_absent(connection, order.id, certain_after_s=LOOK_DELAYS_S[-1])
        return Settled.model_validate({"status": order.status})

    async def notified(self, order_id: UUID, *, sent: bool) -> Settled:
        """Hear whether the e-mail left; the reconciler sees to those that did not."""
        async with self._database.transaction() as connection:
            order = await self._lock(connection, order_id)
            if sent:
                await self._orders.notified(connection, order.id)
        return Settled.model_validate({"status": order.status})

    async def _end_unpaid(self, connection: Connection, order: LockedOrder, status: str, reason: str) -> None:
        """End a pending order without money and put its seats on sale again."""
        await self._orders.settle(connection, order, status, reason)
        await self._orders.free_seats(connection, order)

    async def _seek_charge(self, connection: Connection, order_id: UUID) -> None:
        """Have a possible late charge looked for, several times."""
        for number, delay_s in enumerate(LOOK_DELAYS_S, start=1):
            execution = f"{order_id}-reverse-{number}"
            await self._outbox.add(connection, order_id, "reverse", execution, delay_s=delay_s)
        await self._orders.seek_charge(connection, order_id, looks=len(LOOK_DELAYS_S))

    async def _take_back(self, connection: Connection, order: LockedOrder, request: Refund) -> None:
        await self._orders.settle(connection, order, "refunded", "refunded", refund_id=request.refund_id)
        await self._tickets.void(connection, order.id)
        await self._orders.free_seats(connection, order)
        await self._ledger.refund(connection, order.id, order.organiser_id, order.total_cents, order.currency)

    async def _record_late_charge(self, connection: Connection, order: LockedOrder, request: Refund) -> None:
        ids = {"charge_id": request.charge_id, "refund_id": request.refund_id}
        await self._orders.settle(connection, order, "refunded", "late_charge_refunded", **ids)
        await self._ledger.late_charge_refund(connection, order.id, order.total_cents, order.currency)

    async def _lock(self, connection: Connection, order_id: UUID) -> LockedOrder:
        order = await self._orders.lock(connection, order_id)
        if order is None:
            raise OrderNotFound("There is no such order.")
        return order

    async def _notification(self, order: LockedOrder, tickets: list[dict[str, Any]]) -> Notification:
        event = await self._events.document(order.event_id)
        names = {section["id"]: section["name"] for section in event["sections"]}
        venue = event["venue"]
        shown_event = {
            "title": event["title"],
            "starts_at": event["starts_at"],
            "venue": venue["name"],
            "city": venue["city"],
            "time_zone": venue["time_zone"],
        }
        shown_tickets = [
            {**ticket, "section": names[ticket["section"]], "qr": self._signer.qr(ticket["id"])}
            for ticket in tickets
        ]
        shown_order = {"id": order.id, "total_cents": order.total_cents, "currency": order.currency}
        return Notification.model_validate(
            {"locale": order.locale, "order": {**shown_order, "event": shown_event}, "tickets": shown_tickets}
        )
