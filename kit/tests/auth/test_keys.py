"""Keys are fetched when they are needed, seldom, and what is known serves while they cannot be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest

from portico_kit.auth import keys
from portico_kit.auth.keys import REFETCH_INTERVAL_S, STALE_S, KeySet
from portico_kit.errors import Unavailable


class Clock:
    """A clock that the test moves."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key_set(pool: Any, clock: Clock) -> KeySet:
    return KeySet("https://keys.example", download=pool.download, clock=clock)


async def test_many_who_ask_at_once_cause_one_fetch(key_set: KeySet, pool: Any) -> None:
    found = await asyncio.gather(*(key_set.find("key-1") for _ in range(50)))
    assert all(found)
    assert pool.fetches == 1


async def test_a_flood_of_unknown_ids_causes_one_fetch_an_interval(
    key_set: KeySet, pool: Any, clock: Clock
) -> None:
    await key_set.find("key-1")
    for step in range(100):
        clock.now_s += REFETCH_INTERVAL_S / 50
        assert await key_set.find(f"unknown-{step}") is None
    assert pool.fetches <= 3


async def test_a_new_key_is_found_after_the_interval(key_set: KeySet, pool: Any, clock: Clock) -> None:
    await key_set.find("key-1")
    pool.published = ["key-1", "key-2"]
    assert await key_set.find("key-2") is None
    clock.now_s += REFETCH_INTERVAL_S
    assert await key_set.find("key-2")


async def test_known_keys_serve_while_they_cannot_be_fetched(
    key_set: KeySet, pool: Any, clock: Clock
) -> None:
    await key_set.find("key-1")
    pool.away = True
    clock.now_s += STALE_S + 1
    assert await key_set.find("key-1")
    assert await key_set.find("unknown") is None


async def test_a_withdrawn_key_is_forgotten(key_set: KeySet, pool: Any, clock: Clock) -> None:
    await key_set.find("key-1")
    pool.published = ["key-2"]
    clock.now_s += STALE_S + 1
    assert await key_set.find("key-1")  # this request does not wait for the refresh that it starts
    await asyncio.sleep(0.05)
    assert await key_set.find("key-1") is None
    assert await key_set.find("key-2")


async def test_without_any_key_nobody_can_be_verified_and_it_tries_again(
    key_set: KeySet, pool: Any, clock: Clock
) -> None:
    pool.away = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await key_set.find("key-1")
    assert pool.fetches == 1
    pool.away = False
    clock.now_s += keys.FIRST_INTERVAL_S
    assert await key_set.find("key-1")


@pytest.mark.parametrize(
    "document",
    [[], None, {}, {"keys": 7}, {"keys": []}, {"keys": [{"kty": "oct"}]}, {"keys": [{"kty": "RSA"}]}, "x"],
)
async def test_an_answer_that_is_no_key_set_changes_nothing(document: object) -> None:
    key_set = KeySet("https://keys.example", download=lambda _url: document)
    with pytest.raises(Unavailable):
        await key_set.find("key-1")


@pytest.fixture
def address(pool: Any) -> Iterator[str]:
    """A real HTTP server that answers with the keys, and fails elsewhere."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/keys" else 500)
            self.end_headers()
            self.wfile.write(orjson.dumps(pool.download("")))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_keys_come_over_http(address: str) -> None:
    assert await KeySet(f"{address}/keys").find("key-1")
    with pytest.raises(Unavailable):
        await KeySet(f"{address}/elsewhere").find("key-1")


async def test_a_key_server_that_hangs_is_given_up(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "FETCH_TIMEOUT_S", 0.1)
    with pytest.raises(Unavailable):
        await KeySet(f"http://127.0.0.1:{silent_port}/keys").find("key-1")
