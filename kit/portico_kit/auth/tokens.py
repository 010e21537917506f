"""Verification of Cognito access tokens.

Source: AWS, "Verifying JSON web tokens" (Cognito Developer Guide); RFC 8725 for what a verifier must not
accept.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import jwt

from portico_kit.auth.keys import KeySet
from portico_kit.auth.revocations import RevocationFeed
from portico_kit.auth.subject import Subject
from portico_kit.errors import Unauthenticated
from portico_kit.settings import TokenSettings

LEEWAY_S = 5
TOKEN_LENGTH_MAX = 8192
VERIFIED_MAX = 4_000  # about 10 MB
# Whatever a stranger sends is unreadable, not our failure: numbers without end, JSON without bottom.
UNREADABLE = (jwt.InvalidTokenError, ValueError, OverflowError, RecursionError)
REQUIRED = ["exp", "iat", "iss", "sub", "token_use", "client_id"]


class TokenVerifier:
    """Accepts unexpired RS256 access tokens of one pool and one client whose session was not revoked.

    Signatures are verified once for each token and remembered until it expires; revocations are looked at
    always.
    """

    def __init__(
        self,
        settings: TokenSettings,
        revocations: RevocationFeed | None = None,
        *,
        keys: KeySet | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._revocations = revocations
        self._keys = keys or KeySet(settings.token_jwks_url)
        self._clock = clock
        self._verified: OrderedDict[bytes, Subject] = OrderedDict()

    async def verify(self, token: str) -> Subject:
        """Return the token's subject; `Unauthenticated` for any reason not to accept it."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        subject = self._verified.get(digest)
        if subject is None:
            subject = await self._verify_anew(token)
            self._remember(digest, subject)
        if subject.claims["exp"] + LEEWAY_S <= self._clock():
            self._verified.pop(digest, None)
            raise Unauthenticated("The token has expired.")
        if self._revocations is not None and self._revocations.is_revoked(subject):
            raise Unauthenticated("The session has ended.")
        return subject

    async def _verify_anew(self, token: str) -> Subject:
        key = await self._keys.find(key_id_of(token))
        if key is None:
            raise Unauthenticated("The token was signed by an unknown key.")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self._settings.token_issuer,
                leeway=LEEWAY_S,
                options={"require": REQUIRED, "verify_aud": False},
            )
        except UNREADABLE:
            raise Unauthenticated("The token is not valid.") from None
        check_claims(claims, client_id=self._settings.token_client_id)
        return Subject(
            id=claims["sub"], groups=frozenset(claims.get("cognito:groups") or ()), claims=claims, token=token
        )

    def _remember(self, digest: bytes, subject: Subject) -> None:
        self._verified[digest] = subject
        while len(self._verified) > VERIFIED_MAX:
            self._verified.popitem(last=False)


def key_id_of(token: str) -> str:
    """Return the key id of an unverified RS256 token; `Unauthenticated` if it cannot be one."""
    if len(token) > TOKEN_LENGTH_MAX:
        raise Unauthenticated("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except UNREADABLE:
        raise Unauthenticated("The token is malformed.") from None
    if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
        raise Unauthenticated("The token must be signed with RS256 and name its key.")
    key_id: str = header["kid"]
    return key_id


def check_claims(claims: dict[str, Any], *, client_id: str) -> None:
    """Check what the library does not: an access token, of our client, with whole-number times."""
    if claims["token_use"] != "access":  # noqa: S105  the kind of a token, not one
        raise Unauthenticated("An access token is needed.")
    if claims["client_id"] != client_id:
        raise Unauthenticated("The token was issued to another client.")
    if type(claims["exp"]) is not int or type(claims["iat"]) is not int:
        raise Unauthenticated("The token's times must be whole numbers.")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise Unauthenticated("The token names no subject.")
