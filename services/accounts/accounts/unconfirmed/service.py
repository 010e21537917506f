"""Tells a right password from a wrong one while an account is unconfirmed.

Cognito answers UserNotConfirmedException before it looks at the password, which would tell anybody who asks
that the address has an account. So sign-up keeps a slow salted hash of the password until confirmation.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from accounts.unconfirmed.repository import UnconfirmedRepository

SALT_BYTES = 16
# The parameters that scrypt's author gives for interactive sign-in: 16 MiB and about 50 ms a hash.
SCRYPT_COST = 2**14
SCRYPT_BLOCK_SIZE = 8
SCRYPT_PARALLELISM = 1


@dataclass(frozen=True)
class Verifier:
    """A salted hash of a password."""

    salt: bytes
    digest: bytes


class UnconfirmedPasswords:
    """The passwords of accounts that wait for confirmation, as hashes."""

    def __init__(self, repository: UnconfirmedRepository) -> None:
        self._repository = repository

    async def verifier(self, password: str) -> Verifier:
        """Hash a password with a new salt, beside the event loop."""
        salt = secrets.token_bytes(SALT_BYTES)
        return Verifier(salt, await asyncio.to_thread(scrypt, password, salt))

    async def remember(self, email: str, verifier: Verifier) -> None:
        """Keep the hash for the account of `email`."""
        await self._repository.put(email, salt=verifier.salt, digest=verifier.digest)

    async def is_right(self, email: str, password: str) -> bool:
        """Whether this is the password that the account was made with."""
        kept = await self._repository.get(email)
        if kept is None:
            return False
        salt, digest = kept
        return hmac.compare_digest(digest, await asyncio.to_thread(scrypt, password, salt))

    async def forget(self, email: str) -> None:
        """Drop the hash: the user pool checks the password from now on."""
        await self._repository.delete(email)


def scrypt(password: str, salt: bytes) -> bytes:
    """Hash a password (RFC 7914)."""
    return hashlib.scrypt(
        password.encode(), salt=salt, n=SCRYPT_COST, r=SCRYPT_BLOCK_SIZE, p=SCRYPT_PARALLELISM
    )
