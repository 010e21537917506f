"""The running service over real stores, with callers whose tokens it verifies as it would Cognito's."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ISSUER = "https://issuer.example/pool"
CLIENT_ID = "web"
KEY_ID = "one"
INTERNAL_TOKEN = "internal-token"


def write_key_set(key: RSAPrivateKey, path: Path) -> str:
    """Write the public half as a JWKS document; return its address."""
    numbers = key.public_key().public_numbers()
    modulus, exponent = (
        base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()
        for number in (numbers.n, numbers.e)
    )
    document = {"kid": KEY_ID, "kty": "RSA", "use": "sig", "alg": "RS256", "n": modulus, "e": exponent}
    path.write_bytes(orjson.dumps({"keys": [document]}))
    return path.as_uri()


@dataclass
class Caller:
    """Somebody who calls the API; a new subject unless named."""

    http: httpx.AsyncClient
    key: RSAPrivateKey
    subject: str = field(default_factory=lambda: str(uuid.uuid4()))

    def token(self, **changed: Any) -> str:
        """An access token as Cognito makes them."""
        now_s = int(time.time())
        claims = {
            "sub": self.subject,
            "iss": ISSUER,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "iat": now_s,
            "exp": now_s + 1800,
            "origin_jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims | changed, self.key, algorithm="RS256", headers={"kid": KEY_ID})

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send a request with a token and, if there is one, a JSON body."""
        headers = {"Authorization": f"Bearer {self.token()}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return await self.http.request(method, path, headers=headers, **options)

    async def hold(self, event_id: str, *seats: str) -> dict[str, Any]:
        answer = await self("POST", f"/api/events/{event_id}/holds", {"seats": list(seats)})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def order(self, hold_id: str, /, *, key: str | None = None, **body: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        content = {"hold_id": hold_id, "card_token": "tok_visa", **body}
        return await self("POST", "/api/orders", content, headers=headers)

    async def inside(self, path: str, body: Any = None, secret: str = INTERNAL_TOKEN) -> httpx.Response:
        """Call an internal operation as the saga does."""
        return await self(
            "POST", f"/internal/orders/{path}", body, headers={"Authorization": f"Bearer {secret}"}
        )


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["correlation_id"] == answer.headers["x-request-id"]
    return answer.status_code, problem["code"]
