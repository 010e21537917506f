"""Only unexpired RS256 access tokens of our pool and client, of a session not revoked, are accepted."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from kit.tests.auth.conftest import CLIENT, claims
from portico_kit.auth import KeySet, Subject, TokenVerifier, tokens
from portico_kit.errors import Unauthenticated
from portico_kit.settings import TokenSettings


class Revocations:
    """Those that the test names."""

    def __init__(self) -> None:
        self.sessions: set[str | None] = set()
        self.asked = 0

    def is_revoked(self, subject: Subject) -> bool:
        self.asked += 1
        return subject.session in self.sessions


@pytest.fixture
def revocations() -> Revocations:
    return Revocations()


@pytest.fixture
def verifier(pool: Any, token_settings: TokenSettings, revocations: Any) -> TokenVerifier:
    return TokenVerifier(token_settings, revocations, keys=KeySet("", download=pool.download))


def unsigned(header: object, body: object, signature: str = "") -> str:
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, body)
    )
    return ".".join([*parts, signature])


async def refused(verifier: TokenVerifier, token: str) -> bool:
    try:
        await verifier.verify(token)
    except Unauthenticated as problem:
        return (problem.status, problem.headers["WWW-Authenticate"]) == (401, "Bearer")
    return False


async def test_a_good_token_names_its_subject(verifier: TokenVerifier, pool: Any) -> None:
    token = pool.token()
    subject = await verifier.verify(token)
    assert (subject.id, subject.groups, subject.session) == ("subject-1", {"buyer"}, "session-1")
    assert subject.token == token
    assert (await verifier.verify(pool.token(**{"cognito:groups": None}))).groups == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other"},
        {"client_id": "client-2"},
        {"token_use": "id", "aud": CLIENT},
        {"token_use": "access", "client_id": None, "aud": CLIENT},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": time.time() + 900.5},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": True},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
    ],
    ids=str,
)
async def test_wrong_claims_are_refused_though_the_signature_is_right(
    verifier: TokenVerifier, pool: Any, changes: dict[str, Any]
) -> None:
    assert await refused(verifier, pool.token(**changes))
    # The control: PyJWT alone, told of nothing but the key, takes them unless the time itself is wrong.
    right_times = {"exp", "iat", "nbf", "sub"}.isdisjoint(changes)
    options: Any = {"verify_aud": False}
    if right_times:
        assert jwt.decode(pool.token(**changes), pool.keys["key-1"].public_key(), ["RS256"], options)


async def test_the_public_key_is_no_shared_secret(verifier: TokenVerifier, pool: Any) -> None:
    """The classic confusion of algorithms (RFC 8725, section 2.1)."""
    public = pool.keys["key-1"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    message = unsigned({"alg": "HS256", "kid": "key-1", "typ": "JWT"}, claims()).rstrip(".")
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(message.encode(), pem)
    forged = f"{message}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert await refused(verifier, forged)


@pytest.mark.parametrize("algorithm", ["none", "None", "RS512", "PS256", "ES256", "", None, 7, ["RS256"]])
async def test_other_algorithms_are_refused(verifier: TokenVerifier, pool: Any, algorithm: object) -> None:
    _, _, signature = pool.token().split(".")
    for ending in ("", signature):
        assert await refused(verifier, unsigned({"alg": algorithm, "kid": "key-1"}, claims(), ending))


async def test_the_signature_counts(verifier: TokenVerifier, pool: Any) -> None:
    header, body, signature = pool.token().split(".")
    _, other_body, _ = pool.token(sub="subject-2").split(".")
    assert await refused(verifier, f"{header}.{other_body}.{signature}")
    assert await refused(verifier, f"{header}.{body}.{signature[:-8]}AAAAAAAA")
    assert await refused(verifier, pool.token(key="stranger"))
    assert await refused(verifier, pool.token(key="stranger", kid="key-1"))
    assert await refused(verifier, unsigned({"alg": "RS256"}, claims(), signature))


BOTTOMLESS = base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.e30"
NO_TOKENS = [
    "",
    ".",
    "..",
    "a.b.c",
    "é.é.é",
    "\ud800",
    "x" * 9000,
    "e30.e30.",
    "bnVsbA.bnVsbA.bnVsbA",
    BOTTOMLESS,
]


@pytest.mark.parametrize("token", NO_TOKENS, ids=lambda token: ascii(token)[:20])
async def test_what_is_no_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    assert await refused(verifier, token)


@given(
    st.text(max_size=80)
    | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode() + ".e30.x")
)
async def test_no_text_at_all_makes_us_fail(
    pool_keys: Any, token_settings: TokenSettings, token: str
) -> None:
    verifier = TokenVerifier(token_settings, keys=KeySet("", download=pool_keys.download))
    assert await refused(verifier, token)


async def test_a_revoked_session_is_refused_though_it_was_verified_before(
    verifier: TokenVerifier, pool: Any, revocations: Revocations
) -> None:
    token = pool.token()
    await verifier.verify(token)
    revocations.sessions.add("session-1")
    assert await refused(verifier, token)
    assert not await refused(verifier, pool.token(origin_jti="session-2"))


async def test_a_token_expires_though_it_was_verified_before(
    pool: Any, token_settings: TokenSettings
) -> None:
    now = [time.time()]
    keys = KeySet("", download=pool.download)
    verifier = TokenVerifier(token_settings, keys=keys, clock=lambda: now[0])
    token = pool.token(exp=int(now[0]) + 100)
    await verifier.verify(token)
    now[0] += 100 + tokens.LEEWAY_S + 1
    assert await refused(verifier, token)


async def test_a_signature_is_verified_once_and_revocations_always(
    verifier: TokenVerifier, pool: Any, revocations: Revocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *args, **options: decoded.append(1) or decode(*args, **options))
    token = pool.token()
    for _ in range(10):
        await verifier.verify(token)
    assert (len(decoded), revocations.asked) == (1, 10)


async def test_what_is_remembered_is_bounded(
    verifier: TokenVerifier, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "VERIFIED_MAX", 3)
    for number in range(10):
        await verifier.verify(pool.token(sub=f"subject-{number}"))
    assert len(verifier._verified) == 3
