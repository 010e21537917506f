"""A small house with events on sale in a database of its own, and the capabilities wired to it."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from boxoffice.books.repository import read_books
from boxoffice.holds.schemas import HoldRequest
from boxoffice.holds.service import Holds
from boxoffice.orders.schemas import Order, OrderRequest
from boxoffice.orders.service import Orders
from boxoffice.outbox.relay import Relay
from boxoffice.reconcile.service import Reconciler
from boxoffice.seed.loader import document_of
from boxoffice.seed.repository import SeedRepository
from boxoffice.settlement.service import Settlement
from boxoffice.tickets.service import Tickets
from boxoffice.tickets.signing import TicketSigner
from portico_kit.errors import Problem, Unavailable
from portico_kit.idempotency import IdempotencyStore
from portico_kit.ids import new_id
from portico_kit.postgres import Database
from portico_kit.settings import DatabaseSettings

SIGNING_KEY = SecretStr(base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode())
STAGE = {"x": 0, "y": 0, "width": 100, "height": 10}
SHAPE = {"x": 0, "y": 20, "width": 100, "height": 50, "rotate_deg": 0, "bend": 0}
STALLS = {
    "id": "stalls",
    "name": {"es": "Patio", "en": "Stalls"},
    "kind": "numbered",
    "rows": [{"label": label, "seats": 20} for label in (*"ABCDEFGHI", "AA")],
    "shape": SHAPE,
}
FLOOR = {
    "id": "floor",
    "name": {"es": "Pista", "en": "Floor"},
    "kind": "general",
    "capacity": 50,
    "shape": SHAPE,
}
VENUE = {
    "id": "small-house",
    "name": "Small House",
    "city": "Cádiz",
    "address": "Calle Uno, 1",
    "time_zone": "Europe/Madrid",
    "map": {"width": 100, "height": 100, "stage": STAGE},
    "sections": [STALLS, FLOOR],
}
TEXT = {"es": "Una prueba", "en": "A test"}


def source(slug: str, *, days_from_now: int = 10) -> dict[str, Any]:
    """What an event file says."""
    return {
        "slug": slug,
        "venue": "small-house",
        "organiser_id": str(new_id()),
        "category": "theatre",
        "days_from_now": days_from_now,
        "local_time": "20:30",
        "doors_minutes_before": 30,
        "title": TEXT,
        "summary": TEXT,
        "description": TEXT,
        "attributes": {"duration_minutes": 95, "cast": ["Inés Robledo"], "language": TEXT},
        "prices": {"stalls": 2500, "floor": 1500},
    }


def document(slug: str) -> dict[str, Any]:
    """An event document at the small house."""
    return document_of(source(slug), VENUE, today=datetime.now(UTC).date())


@dataclass(frozen=True)
class House:
    """A database, and how to put another event on sale in it."""

    database: Database
    url: str

    async def event(self) -> UUID:
        """Put a new event on sale and return its id."""
        new = document(f"event-{new_id()}")
        async with self.database.transaction() as connection:
            await SeedRepository().insert(connection, new)
        return UUID(str(new["id"]))

    async def value(self, query: str, *arguments: object) -> Any:
        """Return the one value of a query."""
        async with self.database.transaction() as connection:
            return await connection.fetchval(query, *arguments)


class RecordedExecutions:
    """Stands where Step Functions is: starts each name once, and can be away."""

    def __init__(self) -> None:
        self.started: list[tuple[str, dict[str, Any]]] = []
        self.away = False
        self.statuses: dict[str, str] = {}

    async def start(self, name: str, content: dict[str, Any]) -> None:
        if self.away:
            raise Unavailable
        if name not in {started for started, _ in self.started}:
            self.started.append((name, content))

    async def status(self, name: str) -> str | None:
        if self.away:
            raise Unavailable
        return self.statuses.get(name)

    def names(self, order_id: UUID) -> list[str]:
        return [name for name, content in self.started if content["orderId"] == str(order_id)]


class Programme:
    """Stands where the event documents are."""

    async def document(self, event_id: UUID) -> dict[str, Any]:
        return {**document("any"), "id": str(event_id)}


class Shop:
    """The capabilities wired to one database, with the buyer's way through them. No period of grace."""

    def __init__(
        self,
        house: House,
        *,
        deadline_s: int = 120,
        ttl_s: int = 600,
        keys: IdempotencyStore | None = None,
    ) -> None:
        self.house = house
        self.executions: Any = RecordedExecutions()
        self.relay = Relay(house.database, self.executions)
        signer = TicketSigner(SIGNING_KEY)
        programme: Any = Programme()
        self.holds = Holds(house.database, ttl_s=ttl_s)
        self.orders = Orders(house.database, deadline_s=deadline_s, relay=self.relay, keys=keys)
        self.settlement = Settlement(house.database, programme, signer)
        self.reconciler = Reconciler(
            house.database,
            self.executions,
            self.settlement,
            execution_grace_s=0,
            notify_after_s=0,
            look_after_s=0,
        )
        self.tickets = Tickets(house.database, signer)

    async def order(self, event_id: UUID, *seats: str, buyer: str = "ana") -> Order:
        hold = await self.holds.create(event_id, buyer, numbered(*seats))
        stored = await self.orders.place(buyer, str(uuid.uuid4()), order_request(hold.id))
        return Order.model_validate_json(stored.body)

    async def status(self, order: Order, buyer: str = "ana") -> tuple[str, str | None]:
        found = await self.orders.find(buyer, order.id)
        return found.status, found.reason

    async def carry_all(self) -> None:
        while await self.relay.carry():
            pass

    async def messages(self, order: Order) -> list[str]:
        """The executions that wait to be started for an order."""
        query = "SELECT array_agg(execution ORDER BY id) FROM outbox WHERE order_id = $1"
        return await self.house.value(query, order.id) or []

    async def make_due(self, order: Order) -> None:
        """Let the order's messages be due now."""
        await self.house.value("UPDATE outbox SET not_before = now() WHERE order_id = $1", order.id)

    async def books(self) -> dict[str, Any]:
        return await read_books(DatabaseSettings.model_validate({"database_url": self.house.url}))


def numbered(*seats: str, replace: bool = False) -> HoldRequest:
    return HoldRequest(seats=list(seats), replace=replace)


def order_request(hold_id: UUID, card: str = "tok_visa") -> OrderRequest:
    return OrderRequest(hold_id=hold_id, card_token=card, locale="en")


async def outcome(attempt: Any) -> str:
    """Await an attempt and return the code of its refusal, "done" if there is none."""
    try:
        await attempt
    except Problem as problem:
        return problem.code
    return "done"
