"""`/v1/emails`."""

from __future__ import annotations

from fastapi import APIRouter, Request

from notifications.emails.schemas import Email, EmailRequest
from notifications.emails.service import Emails
from portico_kit.auth import InternalCaller
from portico_kit.idempotency import IdempotencyKey

router = APIRouter(prefix="/v1/emails", tags=["emails"])


@router.post("", operation_id="sendEmail", status_code=201)
async def send_email(
    _caller: InternalCaller, request: Request, body: EmailRequest, key: IdempotencyKey
) -> Email:
    """Send an e-mail. 425 tells that the same request is still under way."""
    emails: Emails = request.app.state.services.emails
    return await emails.send(key, body)
