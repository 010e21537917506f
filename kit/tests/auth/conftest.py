"""A pool of our own: its key pairs, its JWKS document, and tokens as Cognito makes them."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from portico_kit.settings import TokenSettings

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example"
CLIENT = "client-1"


class Pool:
    """Signs tokens with keys named by their ids."""

    def __init__(self) -> None:
        self.keys = {name: rsa.generate_private_key(65537, 2048) for name in ("key-1", "key-2", "stranger")}
        self.published = ["key-1"]
        self.fetches = 0
        self.away = False

    def download(self, _url: str) -> object:
        self.fetches += 1
        if self.away:
            raise ConnectionRefusedError
        return {"keys": [self.public(name) for name in self.published]}

    def public(self, name: str) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.keys[name].public_key()))
        return {**key, "kid": name, "alg": "RS256", "use": "sig"}

    def token(self, *, key: str = "key-1", kid: str | None = None, **changes: Any) -> str:
        return jwt.encode(claims(**changes), self.keys[key], "RS256", headers={"kid": kid or key})


def claims(**changes: Any) -> dict[str, Any]:
    """Return an access token's claims; a change to None leaves a claim out."""
    now = int(time.time())
    usual = {
        "sub": "subject-1",
        "iss": ISSUER,
        "client_id": CLIENT,
        "token_use": "access",
        "origin_jti": "session-1",
        "iat": now,
        "exp": now + 1800,
        "cognito:groups": ["buyer"],
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


@pytest.fixture(scope="session")
def pool_keys() -> Pool:
    return Pool()


@pytest.fixture
def pool(pool_keys: Pool) -> Pool:
    """The pool as it begins: one published key, answering."""
    pool_keys.published, pool_keys.fetches, pool_keys.away = ["key-1"], 0, False
    return pool_keys


@pytest.fixture(scope="session")
def token_settings() -> TokenSettings:
    return TokenSettings(token_issuer=ISSUER, token_jwks_url="https://keys.example", token_client_id=CLIENT)
