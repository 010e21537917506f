"""Shapes of sessions."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from accounts.fields import Email, Password, RefreshToken, RequestBody


class LoginRequest(RequestBody):
    """An address and its password."""

    email: Email
    password: Password


class RefreshRequest(RequestBody):
    """What the session is renewed, or ended, with."""

    refresh_token: RefreshToken


class TokensAnswer(BaseModel):
    """A session's tokens. Keep the refresh token of the latest answer: the pool may replace it."""

    access_token: str
    refresh_token: str
    expires_in_s: int = Field(description="Seconds for which the access token is valid.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
