"""`/api/orders`: paying for a hold, and following what becomes of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response

from boxoffice.orders.schemas import Order, OrderRequest
from boxoffice.orders.service import Orders
from portico_kit.auth import CurrentSubject
from portico_kit.idempotency import IdempotencyKey
from portico_kit.pagination import Page

router = APIRouter(prefix="/api/orders", tags=["orders"])
PRIVATE = "private, no-store"


def orders_of(request: Request) -> Orders:
    """Return the service's orders."""
    orders: Orders = request.app.state.services.orders
    return orders


@router.post("", operation_id="createOrder", status_code=202, response_model=Order)
async def create_order(
    request: Request, body: OrderRequest, subject: CurrentSubject, key: IdempotencyKey
) -> Response:
    """Accept an order. From this answer on it is not lost; follow it at `Location`."""
    stored = await orders_of(request).place(subject.id, key, body)
    headers = {"Location": f"/api/orders/{orjson.loads(stored.body)['id']}", "Cache-Control": PRIVATE}
    return Response(stored.body, stored.status, headers, "application/json")


@router.get("", operation_id="listOrders")
async def list_orders(
    request: Request,
    response: Response,
    subject: CurrentSubject,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=1024)] = None,
) -> Page[Order]:
    """Return your orders, the newest first."""
    response.headers["Cache-Control"] = PRIVATE
    orders, next_cursor = await orders_of(request).page(subject.id, limit=limit, cursor=cursor)
    return Page(items=orders, next_cursor=next_cursor)


@router.get("/{order_id}", operation_id="getOrder")
async def get_order(request: Request, response: Response, order_id: UUID, subject: CurrentSubject) -> Order:
    """Return an order of your own."""
    response.headers["Cache-Control"] = PRIVATE
    return await orders_of(request).find(subject.id, order_id)
