"""`/v1/charges`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from payments.charges import schemas
from payments.charges.service import Charges
from portico_kit.auth import InternalCaller
from portico_kit.idempotency import IdempotencyKey

router = APIRouter(prefix="/v1/charges", tags=["charges"])


def charges_of(request: Request) -> Charges:
    """Return the service's charges."""
    charges: Charges = request.app.state.services.charges
    return charges


@router.post("", operation_id="createCharge", status_code=201)
async def create_charge(
    _caller: InternalCaller, request: Request, body: schemas.ChargeRequest, key: IdempotencyKey
) -> schemas.Charge:
    """Charge a card. 402 tells that the bank refused; 425 that the same request is still under way."""
    return await charges_of(request).create(key, body)


@router.get("", operation_id="findCharges")
async def find_charges(
    _caller: InternalCaller, request: Request, idempotency_key: Annotated[schemas.Key, Query()]
) -> schemas.Charges:
    """Return the charge that was made under an idempotency key, if there is one."""
    return schemas.Charges(items=await charges_of(request).find_by_key(idempotency_key))


@router.get("/{charge_id}", operation_id="getCharge")
async def get_charge(_caller: InternalCaller, request: Request, charge_id: UUID) -> schemas.Charge:
    """Return one charge."""
    return await charges_of(request).find(charge_id)
