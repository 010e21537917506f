"""`/v1/charges/{id}/refunds`."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from payments.refunds.schemas import Refund, RefundRequest
from payments.refunds.service import Refunds
from portico_kit.auth import InternalCaller
from portico_kit.idempotency import IdempotencyKey

router = APIRouter(prefix="/v1/charges", tags=["refunds"])


@router.post("/{charge_id}/refunds", operation_id="createRefund", status_code=201)
async def create_refund(
    _caller: InternalCaller, request: Request, charge_id: UUID, body: RefundRequest, key: IdempotencyKey
) -> Refund:
    """Give a charge back, in whole or in part."""
    refunds: Refunds = request.app.state.services.refunds
    return await refunds.create(charge_id, key, body)
