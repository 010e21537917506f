"""Rules of ordering: once for each key, from a live hold of the buyer's own, at the prices of the hold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from boxoffice.holds.schemas import HeldSeat
from boxoffice.holds.service import HoldNotFound
from boxoffice.orders.repository import Consumed, NewOrder, OrderRepository
from boxoffice.orders.schemas import Order, OrderRequest
from boxoffice.outbox.relay import Relay
from portico_kit.errors import Conflict, NotFound
from portico_kit.idempotency import IdempotencyStore, StoredResponse, request_hash
from portico_kit.ids import new_id
from portico_kit.pagination import InvalidCursor, decode_cursor, encode_cursor
from portico_kit.postgres import Connection, Database
from portico_kit.telemetry import correlation_id

ACCEPTED = 202


class HoldExpired(Conflict):
    """The hold is the buyer's, and its time is over."""

    code = "hold_expired"
    title = "Hold expired"


class OrderNotFound(NotFound):
    """No such order of this buyer."""

    code = "order_not_found"
    title = "Order not found"


class Orders:
    """Placing and following orders."""

    def __init__(
        self, database: Database, *, deadline_s: int, relay: Relay, keys: IdempotencyStore | None = None
    ) -> None:
        self._database = database
        self._deadline_s = deadline_s
        self._relay = relay
        self._orders = OrderRepository()
        self._keys = keys or IdempotencyStore()

    async def place(self, buyer_id: str, key: str, request: OrderRequest) -> StoredResponse:
        """Accept an order; the same key gives the same answer. Order, message and answer commit together."""
        hashed = request_hash("POST", "/api/orders", buyer_id, request)
        async with self._database.transaction() as connection:
            stored = await self._keys.begin(connection, buyer_id, key, hashed)
            if stored is not None:
                return stored
            order = await self._place(connection, buyer_id, request)
            body = order.model_dump_json().encode()
            await self._keys.finish(connection, buyer_id, key, ACCEPTED, body)
        self._relay.wake()
        return StoredResponse(ACCEPTED, body)

    async def _place(self, connection: Connection, buyer_id: str, request: OrderRequest) -> Order:
        order_id = new_id()
        consumed = await self._consume(connection, request.hold_id, buyer_id, order_id)
        new = NewOrder(
            id=order_id,
            buyer_id=buyer_id,
            consumed=consumed,
            total_cents=sum(seat["price_cents"] for seat in consumed.seats),
            locale=request.locale,
            card_token=request.card_token,
            correlation_id=correlation_id(),
            deadline_s=self._deadline_s,
        )
        created_at, deadline_at = await self._orders.insert(connection, new)
        return Order(
            id=order_id,
            status="pending",
            reason=None,
            event_id=consumed.event_id,
            seats=[HeldSeat.model_validate(seat) for seat in consumed.seats],
            total_cents=new.total_cents,
            currency=consumed.currency,
            created_at=created_at,
            deadline_at=deadline_at,
        )

    async def _consume(
        self, connection: Connection, hold_id: UUID, buyer_id: str, order_id: UUID
    ) -> Consumed:
        consumed = await self._orders.consume_hold(connection, hold_id, buyer_id, order_id)
        if consumed is not None and len(consumed.seats) == consumed.places:
            return consumed
        if consumed is not None or await self._orders.hold_is_known(connection, hold_id, buyer_id):
            raise HoldExpired("The time to pay is over; hold the seats again.")
        raise HoldNotFound("You have no such hold.")

    async def find(self, buyer_id: str, order_id: UUID) -> Order:
        """Return an order of the buyer; `OrderNotFound`."""
        async with self._database.transaction() as connection:
            found = await self._orders.find(connection, order_id, buyer_id)
        if found is None:
            raise OrderNotFound("You have no such order.")
        return Order(**found)

    async def page(self, buyer_id: str, *, limit: int, cursor: str | None) -> tuple[list[Order], str | None]:
        """Return a page of the buyer's orders, the newest first, and the next cursor."""
        before = id_of(decode_cursor(cursor)) if cursor else None
        async with self._database.transaction() as connection:
            found = await self._orders.page(connection, buyer_id, before=before, limit=limit + 1)
        orders = [Order(**order) for order in found[:limit]]
        return orders, encode_cursor(str(orders[-1].id)) if len(found) > limit else None


def id_of(position: Any) -> UUID:  # noqa: ANN401  any JSON value that a client sent
    """Return the id that a cursor points at; `InvalidCursor` if it is none."""
    try:
        return UUID(position)
    except (ValueError, AttributeError, TypeError):
        raise InvalidCursor("Use the next_cursor of an earlier answer.") from None
