"""Sign-up over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, status

from accounts.caching import NEVER_STORED
from accounts.signup.schemas import ConfirmationSent, ConfirmRequest, ResendRequest, SignUpRequest
from accounts.signup.service import SignUp


def router(signup: SignUp) -> APIRouter:
    """Return the operations of sign-up."""
    routes = APIRouter(prefix="/api/accounts", tags=["sign-up"], dependencies=[NEVER_STORED])

    @routes.post("/signup", operation_id="signUp", status_code=status.HTTP_202_ACCEPTED)
    async def sign_up(body: SignUpRequest) -> ConfirmationSent:
        """Make an account; a code is mailed to the address. The answer is the same for an address in use."""
        await signup.sign_up(
            email=body.email, password=body.password.get_secret_value(), name=body.name, locale=body.locale
        )
        return ConfirmationSent()

    @routes.post("/confirm", operation_id="confirmSignUp", status_code=status.HTTP_204_NO_CONTENT)
    async def confirm(body: ConfirmRequest) -> None:
        """Confirm an address with the code that was mailed to it."""
        await signup.confirm(email=body.email, code=body.code)

    @routes.post(
        "/resend-confirmation", operation_id="resendConfirmation", status_code=status.HTTP_202_ACCEPTED
    )
    async def resend(body: ResendRequest) -> ConfirmationSent:
        """Mail another code, if the address waits for one. The answer is the same for every address."""
        await signup.resend(body.email)
        return ConfirmationSent()

    return routes
