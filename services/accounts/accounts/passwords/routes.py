"""Password resets over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, status

from accounts.caching import NEVER_STORED
from accounts.passwords.schemas import ForgotPasswordRequest, ResetPasswordRequest, ResetSent
from accounts.passwords.service import Passwords


def router(passwords: Passwords) -> APIRouter:
    """Return the operations of password resets."""
    routes = APIRouter(prefix="/api/accounts", tags=["passwords"], dependencies=[NEVER_STORED])

    @routes.post("/forgot-password", operation_id="forgotPassword", status_code=status.HTTP_202_ACCEPTED)
    async def forgot(body: ForgotPasswordRequest) -> ResetSent:
        """Mail a reset code. The answer is the same for every address."""
        await passwords.forget(body.email)
        return ResetSent()

    @routes.post("/reset-password", operation_id="resetPassword", status_code=status.HTTP_204_NO_CONTENT)
    async def reset(body: ResetPasswordRequest) -> None:
        """Set a new password with the code that was mailed; every session of the user ends."""
        await passwords.reset(email=body.email, code=body.code, password=body.password.get_secret_value())

    return routes
