"""Rules of sessions: one refusal for every failed sign-in, and an end that is an end everywhere."""

from __future__ import annotations

from accounts.attempts.service import AttemptLimit
from accounts.membership.repository import MembershipRepository
from accounts.problems import EmailNotConfirmed, InvalidCredentials, InvalidRefreshToken
from accounts.revocations.repository import RevocationRepository
from accounts.sessions.repository import SessionRepository, Tokens
from accounts.unconfirmed.service import UnconfirmedPasswords


class Sessions:
    """Begins, renews and ends sessions."""

    def __init__(
        self,
        repository: SessionRepository,
        *,
        revocations: RevocationRepository,
        membership: MembershipRepository,
        unconfirmed: UnconfirmedPasswords,
        sign_ins: AttemptLimit,
    ) -> None:
        self._repository = repository
        self._revocations = revocations
        self._membership = membership
        self._unconfirmed = unconfirmed
        self._sign_ins = sign_ins

    async def sign_in(self, *, email: str, password: str, address: str) -> Tokens:
        """Begin a session for a visitor at `address`, whose failures are counted."""
        async with self._sign_ins.attempt(address):
            tokens = await self._check(email, password)
        return tokens if tokens.groups else await self._complete(tokens)

    async def renew(self, refresh_token: str) -> Tokens:
        """Renew a session that has not ended.

        A refresh token says nothing readable about its session, so Cognito renews it first and the session of
        the new access token is looked up: an ended one is not renewed, whichever token sign-out was given.
        """
        tokens = await self._repository.renew(refresh_token)
        if await self._revocations.has_ended(tokens.origin_jti):
            raise InvalidRefreshToken
        return tokens

    async def sign_out(self, *, origin_jti: str, refresh_token: str) -> None:
        """End the session. Cognito comes first: if the rest fails, the token still passes and may retry."""
        await self._repository.revoke(refresh_token)
        await self._revocations.end_session(origin_jti)

    async def _check(self, email: str, password: str) -> Tokens:
        try:
            return await self._repository.sign_in(email=email, password=password)
        except EmailNotConfirmed:
            if await self._unconfirmed.is_right(email, password):
                raise
            raise InvalidCredentials from None

    async def _complete(self, tokens: Tokens) -> Tokens:
        """Mend a user whose confirmation was cut short: into the group, then a token that says so."""
        await self._membership.welcome(tokens.subject_id)
        return await self._repository.renew(tokens.refresh_token)
