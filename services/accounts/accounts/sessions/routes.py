"""Sessions over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, status

from accounts.caching import NEVER_STORED
from accounts.sessions.address import client_address
from accounts.sessions.repository import Tokens
from accounts.sessions.schemas import LoginRequest, RefreshRequest, TokensAnswer
from accounts.sessions.service import Sessions
from portico_kit.auth import CurrentSubject


def router(sessions: Sessions, *, address_header: str) -> APIRouter:
    """Return the operations of sessions; `address_header` names the visitor's address."""
    routes = APIRouter(prefix="/api/accounts", tags=["sessions"], dependencies=[NEVER_STORED])

    @routes.post("/login", operation_id="login")
    async def login(body: LoginRequest, request: Request) -> TokensAnswer:
        """Begin a session."""
        tokens = await sessions.sign_in(
            email=body.email,
            password=body.password.get_secret_value(),
            address=client_address(request, address_header),
        )
        return _answer(tokens)

    @routes.post("/refresh", operation_id="refreshSession")
    async def refresh(body: RefreshRequest) -> TokensAnswer:
        """Renew a session."""
        return _answer(await sessions.renew(body.refresh_token.get_secret_value()))

    @routes.post("/logout", operation_id="logout", status_code=status.HTTP_204_NO_CONTENT)
    async def logout(body: RefreshRequest, subject: CurrentSubject) -> None:
        """End the session of the access token and revoke the refresh token."""
        await sessions.sign_out(
            origin_jti=subject.claims["origin_jti"], refresh_token=body.refresh_token.get_secret_value()
        )

    return routes


def _answer(tokens: Tokens) -> TokensAnswer:
    return TokensAnswer(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in_s=tokens.expires_in_s,
    )
