"""The text in a ticket's QR code: `TQ1.<ticket id>.<Ed25519 signature>`, both base64url without padding.

A door can check it without a network, with the public key alone (RFC 8032).
"""

from __future__ import annotations

import base64
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import SecretStr

VERSION = "TQ1"


class TicketSigner:
    """Signs ticket ids. The key is the base64url form of a 32-byte seed."""

    def __init__(self, key: SecretStr) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(decode(key.get_secret_value()))

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The key that checks the signatures."""
        return self._key.public_key()

    def qr(self, ticket_id: UUID) -> str:
        """Return the text to encode."""
        signed = f"{VERSION}.{encode(ticket_id.bytes)}"
        return f"{signed}.{encode(self._key.sign(signed.encode()))}"


def verify(public_key: Ed25519PublicKey, qr: str) -> UUID | None:
    """Return the ticket id of a code that we signed, or None."""
    version, _, rest = qr.partition(".")
    ticket, _, signature = rest.partition(".")
    try:
        public_key.verify(decode(signature), f"{version}.{ticket}".encode())
        return UUID(bytes=decode(ticket)) if version == VERSION else None
    except (InvalidSignature, ValueError):
        return None


def encode(raw: bytes) -> str:
    """Return base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding; `ValueError` if it is none."""
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
