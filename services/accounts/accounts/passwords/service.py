"""Rules of a password reset."""

from __future__ import annotations

import asyncio
import time

from accounts.codes.service import MailedCodes
from accounts.passwords.policy import check_password
from accounts.passwords.repository import PasswordRepository
from accounts.revocations.repository import RevocationRepository

CLOCK_DIFFERENCE_S = 0.05  # between Cognito's and ours


class Passwords:
    """Replaces forgotten passwords."""

    def __init__(
        self, repository: PasswordRepository, *, revocations: RevocationRepository, codes: MailedCodes
    ) -> None:
        self._repository = repository
        self._revocations = revocations
        self._codes = codes

    async def forget(self, email: str) -> None:
        """Mail a code to the address, if it has an account."""
        await self._codes.asked(email)
        await self._repository.send_code(email)

    async def reset(self, *, email: str, code: str, password: str) -> None:
        """Set a new password and end every session: whoever knew the old one is out."""
        check_password(password)
        async with self._codes.redemption(email):
            await self._repository.replace(email=email, code=code, password=password)
        subject_id = await self._repository.sign_out_everywhere(email)
        await self._revocations.end_sessions_of(subject_id)
        # Tokens tell their time in whole seconds, and those of this second are refused: let it pass.
        await asyncio.sleep(1 - time.time() % 1 + CLOCK_DIFFERENCE_S)
