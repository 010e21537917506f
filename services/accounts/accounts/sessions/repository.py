"""Sign-in, refresh and revocation in the user pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from accounts.cognito.repository import refusals
from accounts.problems import (
    ChallengeRequired,
    EmailNotConfirmed,
    InvalidCredentials,
    InvalidRefreshToken,
    PasswordResetRequired,
)
from portico_kit.aws import AwsClients
from portico_kit.errors import InvalidRequest


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a session is held by, and what its access token says."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    subject_id: str
    origin_jti: str
    groups: frozenset[str]


class SessionRepository:
    """What sessions ask of Cognito."""

    def __init__(self, clients: AwsClients, *, client_id: str) -> None:
        self._clients = clients
        self._client_id = client_id

    async def sign_in(self, *, email: str, password: str) -> Tokens:
        """Begin a session; `EmailNotConfirmed` is raised whatever the password, as Cognito does."""
        problems = {
            "NotAuthorizedException": InvalidCredentials,
            "UserNotFoundException": InvalidCredentials,
            "InvalidParameterException": InvalidCredentials,
            "UserNotConfirmedException": EmailNotConfirmed,
            "PasswordResetRequiredException": PasswordResetRequired,
        }
        with refusals(problems):
            answer = await self._clients.cognito.initiate_auth(
                ClientId=self._client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": email, "PASSWORD": password},
            )
        result = answer.get("AuthenticationResult")
        if not result:
            raise ChallengeRequired
        return _tokens(result, refresh_token="")

    async def renew(self, refresh_token: str) -> Tokens:
        """Get another access token of a session, and another refresh token if the pool rotates them."""
        names = (
            "NotAuthorizedException",
            "RefreshTokenReuseException",
            "UserNotFoundException",
            "InvalidParameterException",
        )
        with refusals(dict.fromkeys(names, InvalidRefreshToken)):
            answer = await self._clients.cognito.get_tokens_from_refresh_token(
                ClientId=self._client_id, RefreshToken=refresh_token
            )
        return _tokens(answer["AuthenticationResult"], refresh_token=refresh_token)

    async def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token and what came from it. One that Cognito does not know needs no revoking."""
        names = ("NotAuthorizedException", "UnsupportedTokenTypeException", "InvalidParameterException")
        try:
            with refusals(dict.fromkeys(names, InvalidRequest)):
                await self._clients.cognito.revoke_token(ClientId=self._client_id, Token=refresh_token)
        except InvalidRequest:
            return


def _tokens(result: Mapping[str, Any], *, refresh_token: str) -> Tokens:
    """Read Cognito's answer. The token comes from Cognito itself: its signature need not be checked."""
    claims = jwt.decode(result["AccessToken"], options={"verify_signature": False})
    return Tokens(
        access_token=result["AccessToken"],
        refresh_token=result.get("RefreshToken") or refresh_token,
        expires_in_s=result["ExpiresIn"],
        subject_id=claims["sub"],
        origin_jti=claims["origin_jti"],
        groups=frozenset(claims.get("cognito:groups", ())),
    )
