"""`/internal/orders/{id}`: the saga's steps, behind the internal balancer and the internal secret."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from boxoffice.settlement.schemas import Confirm, Confirmed, Decline, Notified, Refund, Settled
from boxoffice.settlement.service import Settlement
from portico_kit.auth import InternalCaller

router = APIRouter(prefix="/internal/orders/{order_id}", tags=["internal"])


def settlement_of(request: Request) -> Settlement:
    """Return the service's settlement."""
    settlement: Settlement = request.app.state.services.settlement
    return settlement


@router.post("/confirm", operation_id="confirmOrder")
async def confirm(request: Request, order_id: UUID, body: Confirm, _caller: InternalCaller) -> Confirmed:
    """Confirm a paid order; 409 `order_not_pending` asks for the charge to be refunded."""
    return await settlement_of(request).confirm(order_id, body.charge_id)


@router.post("/decline", operation_id="declineOrder")
async def decline(request: Request, order_id: UUID, body: Decline, _caller: InternalCaller) -> Settled:
    """End an unpaid order and free its seats."""
    return await settlement_of(request).decline(order_id, body)


@router.post("/refund", operation_id="refundOrder")
async def refund(request: Request, order_id: UUID, body: Refund, _caller: InternalCaller) -> Settled:
    """Record a refund that the payment partner made."""
    return await settlement_of(request).refund(order_id, body)


@router.post("/reversal-checked", operation_id="reversalChecked")
async def reversal_checked(request: Request, order_id: UUID, _caller: InternalCaller) -> Settled:
    """Hear that no charge was found."""
    return await settlement_of(request).reversal_checked(order_id)


@router.post("/notified", operation_id="orderNotified")
async def notified(request: Request, order_id: UUID, body: Notified, _caller: InternalCaller) -> Settled:
    """Hear what became of the e-mail."""
    return await settlement_of(request).notified(order_id, sent=body.outcome == "ok")
