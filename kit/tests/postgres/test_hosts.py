"""A host that is dead, frozen or of the wrong kind does not keep us from the one that fits."""

from __future__ import annotations

import time
from contextlib import suppress

import asyncpg
import pytest

from portico_kit.postgres.hosts import CONNECT_TIMEOUT_S, Hosts, address_of
from tests.fixtures.ports import free_port


@pytest.fixture
def frozen(silent_port: int) -> str:
    return f"127.0.0.1:{silent_port}"


def with_hosts(url: str, *before: str, wanted: str) -> str:
    credentials, _, place = url.rpartition("@")
    return f"{credentials}@{','.join([*before, place])}?target_session_attrs={wanted}"


async def test_a_dead_and_a_frozen_host_are_passed_and_the_good_one_remembered(url: str, frozen: str) -> None:
    dead = f"127.0.0.1:{free_port()}"
    hosts = Hosts(with_hosts(url, dead, frozen, wanted="primary"))
    for bound_s in (CONNECT_TIMEOUT_S + 1, 1):  # the second time it is asked first
        began = time.monotonic()
        connection = await hosts.connect()
        assert time.monotonic() - began < bound_s
        assert await connection.fetchval("SELECT NOT pg_is_in_recovery()")
        await connection.close()


async def test_asyncpg_alone_stays_with_the_frozen_host(url: str, frozen: str) -> None:
    """The control."""
    with pytest.raises(TimeoutError):
        await asyncpg.connect(with_hosts(url, frozen, wanted="primary"), timeout=2 * CONNECT_TIMEOUT_S)


async def test_a_standby_is_preferred_and_a_primary_taken_where_there_is_none(url: str) -> None:
    connection = await Hosts(with_hosts(url, wanted="prefer-standby")).connect()
    assert not await connection.fetchval("SELECT pg_is_in_recovery()")
    await connection.close()
    with pytest.raises(asyncpg.exceptions.TargetServerAttributeNotMatched):
        await Hosts(with_hosts(url, wanted="standby")).connect()


async def test_a_wrong_password_is_no_reason_to_try_on(url: str) -> None:
    wrong = url.replace("throwaway", "sesame")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await Hosts(wrong).connect()
    with suppress(asyncpg.PostgresError):  # the control: the address itself is right
        await (await Hosts(url).connect()).close()


@pytest.mark.parametrize(
    ("part", "address"),
    [
        ("db", ("db", 5432)),
        ("db:6000", ("db", 6000)),
        ("[::1]:6000", ("::1", 6000)),
        ("[::1]", ("::1", 5432)),
    ],
)
def test_addresses(part: str, address: tuple[str, int]) -> None:
    assert address_of(part) == address
