"""Rules of mailed codes, the same for addresses with an account and without.

Cognito bounds guesses and tells an expired code from a wrong one, but only for users that exist, and the
emulator does neither. So both are decided here, from what was asked of us: an address without an account gets
the same answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from accounts.attempts.repository import AttemptRepository
from accounts.attempts.service import AttemptLimit, AttemptPolicy
from accounts.codes.repository import CodeRepository
from accounts.fields import email_digest
from accounts.problems import BadCode, CodeExpired, TooManyAttempts

GUESSES_MAX = 5
GUESSES_WINDOW_S = 900


class MailedCodes:
    """The codes of one purpose, valid for `lifetime_s` after they were asked for."""

    def __init__(
        self, codes: CodeRepository, attempts: AttemptRepository, *, purpose: str, lifetime_s: int
    ) -> None:
        self._codes = codes
        self._purpose = purpose
        self._lifetime_s = lifetime_s
        policy = AttemptPolicy(
            name=f"code#{purpose}",
            failures_max=GUESSES_MAX,
            window_s=GUESSES_WINDOW_S,
            failure=BadCode,
            refusal=TooManyAttempts,
        )
        self._guesses = AttemptLimit(attempts, policy)

    async def asked(self, email: str) -> None:
        """Remember that a code for this address was asked for now."""
        await self._codes.put(self._purpose, email)

    @asynccontextmanager
    async def redemption(self, email: str) -> AsyncIterator[None]:
        """Try a code in the body, which raises `CodeMismatch` if it is refused for whatever reason.

        `CodeExpired` if none was asked for lately, `TooManyAttempts` if too many codes were wrong.
        """
        async with self._guesses.attempt(email_digest(email)):
            age_s = await self._codes.age_s(self._purpose, email)
            if age_s is not None and age_s > self._lifetime_s:
                raise CodeExpired
            yield
