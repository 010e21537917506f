"""`/v1/summary`: what a merchant compares its own books with."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from payments.summary.repository import totals
from portico_kit.auth import InternalCaller
from portico_kit.postgres import Database

router = APIRouter(prefix="/v1/summary", tags=["summary"])


class Summary(BaseModel):
    """Approved charges and refunds since the beginning, in cents."""

    charged_count: int
    charged_cents: int
    refunded_count: int
    refunded_cents: int


@router.get("", operation_id="getSummary")
async def get_summary(request: Request, _caller: InternalCaller) -> Summary:
    """Return the totals."""
    database: Database = request.app.state.services.database
    async with database.transaction() as connection:
        return Summary(**await totals(connection))
