"""A token is demanded exactly where the document says so, and only a good one will do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from runtime.tests.envoy.rig import ACCOUNTS, BOXOFFICE, EVENT, Rig, problem, running

PUBLIC_OPERATIONS = [
    (method.upper(), path, secured)
    for paths in (BOXOFFICE, ACCOUNTS)
    for path, methods in paths.items()
    for method, (_, secured) in methods.items()
    if path.startswith("/api/")
]


@pytest.mark.parametrize(("method", "path", "secured"), PUBLIC_OPERATIONS)
async def test_every_operation_demands_what_its_document_says(
    rig: Rig, method: str, path: str, *, secured: bool
) -> None:
    url = rig.edge + path.format(event_id=EVENT, hold_id=EVENT)
    without_token = await rig.http.request(method, url)
    if secured:
        assert problem(without_token) == (401, "unauthenticated")
        assert "bearer" in without_token.headers["www-authenticate"].lower()
    else:
        assert without_token.status_code == 200
    assert (await rig.http.request(method, url, headers=rig.issuer.authorization())).status_code == 200


BAD_CLAIMS = {
    "expired": {"expires_in_s": -30},
    "of another issuer": {"iss": "http://127.0.0.1:1/other"},
    "not valid yet": {"nbf": 4_000_000_000},
    "of another client": {"client_id": "their-client"},
    "an identity token": {"token_use": "id"},
    "without a client": {"client_id": None},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_a_bad_token_is_refused(rig: Rig, claims: dict[str, object]) -> None:
    answer = await rig.get("/api/orders", headers=rig.issuer.authorization(**claims))
    assert problem(answer) == (401, "unauthenticated")
    assert "bearer" in answer.headers["www-authenticate"].lower()
    assert not rig.upstreams["boxoffice"].requests


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
    ],
)
async def test_what_is_no_token_is_refused(rig: Rig, value: str) -> None:
    answer = await rig.get("/api/orders", headers={"authorization": value})
    assert problem(answer) == (401, "unauthenticated")


async def test_a_token_signed_with_another_key_is_refused(rig: Rig) -> None:
    ours, rig.issuer.key = rig.issuer.key, rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = rig.issuer.authorization()
    rig.issuer.key = ours
    assert problem(await rig.get("/api/orders", headers=forged)) == (401, "unauthenticated")


async def test_the_service_gets_the_token_to_check_it_again(rig: Rig) -> None:
    headers = rig.issuer.authorization()
    answer = await rig.get("/api/orders", headers=headers)
    assert answer.json()["headers"]["authorization"] == headers["authorization"]


async def test_a_token_ends_while_its_verification_is_cached(rig: Rig) -> None:
    headers = rig.issuer.authorization(
        expires_in_s=-3
    )  # within the tolerated difference of clocks, for 2 s more
    assert (await rig.get("/api/orders", headers=headers)).status_code == 200
    await asyncio.sleep(3.5)
    assert problem(await rig.get("/api/orders", headers=headers)) == (401, "unauthenticated")


async def test_known_keys_serve_while_the_issuer_is_down_and_new_keys_are_learnt(tmp_path: Path) -> None:
    async with running(tmp_path, jwks_cache_s=1) as rig:
        rig.issuer.published = False
        await asyncio.sleep(2.5)
        assert (await rig.get("/api/orders", headers=rig.issuer.authorization())).status_code == 200
        rig.issuer.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        rig.issuer.published = True
        await asyncio.sleep(2.5)
        assert (await rig.get("/api/orders", headers=rig.issuer.authorization())).status_code == 200


async def test_without_a_client_id_other_clients_are_admitted(tmp_path: Path) -> None:
    """The control of the refusal of other clients' tokens."""
    async with running(tmp_path, token_client_id=None) as rig:
        headers = rig.issuer.authorization(client_id="their-client")
        assert (await rig.get("/api/orders", headers=headers)).status_code == 200
