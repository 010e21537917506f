"""Rules of sign-up. No answer tells whether an address has an account."""

from __future__ import annotations

from accounts.codes.service import MailedCodes
from accounts.fields import Locale
from accounts.membership.repository import MembershipRepository
from accounts.passwords.policy import check_password
from accounts.problems import EmailTaken
from accounts.signup.repository import SignUpRepository
from accounts.unconfirmed.service import UnconfirmedPasswords


class SignUp:
    """Makes accounts and confirms their addresses."""

    def __init__(
        self,
        repository: SignUpRepository,
        *,
        membership: MembershipRepository,
        unconfirmed: UnconfirmedPasswords,
        codes: MailedCodes,
    ) -> None:
        self._repository = repository
        self._membership = membership
        self._unconfirmed = unconfirmed
        self._codes = codes

    async def sign_up(self, *, email: str, password: str, name: str, locale: Locale) -> None:
        """Make an account, or quietly send another code to one that was never confirmed."""
        check_password(password)
        await self._codes.asked(email)
        verifier = await self._unconfirmed.verifier(password)  # before: it takes the same time either way
        try:
            await self._repository.create(email=email, password=password, name=name, locale=locale)
        except EmailTaken:
            await self._mail_another(email)
        else:
            await self._unconfirmed.remember(email, verifier)

    async def resend(self, email: str) -> None:
        """Mail another code, if the address has an account that waits for one."""
        await self._codes.asked(email)
        await self._mail_another(email)

    async def confirm(self, *, email: str, code: str) -> None:
        """Confirm an address; its user becomes a buyer.

        A crash after Cognito's confirmation leaves a user without a group: the next sign-in mends it.
        """
        async with self._codes.redemption(email):
            await self._repository.confirm(email=email, code=code)
        await self._membership.welcome(email)
        await self._unconfirmed.forget(email)

    async def _mail_another(self, email: str) -> None:
        if await self._repository.is_unconfirmed(email):
            await self._repository.resend_code(email)
