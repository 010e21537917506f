"""The same key gives the same answer, and the work is done once, however many ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from kit.tests.postgres.conftest import settings_of
from portico_kit.idempotency import CREATE_TABLE, IdempotencyKeyReused, IdempotencyStore, StoredResponse
from portico_kit.postgres import Database

HASH = b"h" * 32
CHARGE = "INSERT INTO charge DEFAULT VALUES RETURNING id"
STORE = IdempotencyStore()


@pytest.fixture(scope="session")
async def url(postgres_server: Any) -> str:
    made: str = await postgres_server.create_database("idempotency")
    connection = await asyncpg.connect(made)
    await connection.execute(CREATE_TABLE)
    await connection.execute("CREATE TABLE charge (id serial PRIMARY KEY)")
    await connection.close()
    return made


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(settings_of(url))
    async with opened.transaction() as connection:
        await connection.execute("TRUNCATE idempotency_key, charge RESTART IDENTITY")
    yield opened
    await opened.close()


async def charge(database: Database, key: str, *, scope: str = "subject-1", hashed: bytes = HASH) -> bytes:
    """Charge once for each key."""
    async with database.transaction() as connection:
        if stored := await STORE.begin(connection, scope, key, hashed):
            return stored.body
        body = b"charge %d" % await connection.fetchval(CHARGE)
        await asyncio.sleep(0.01)
        await STORE.finish(connection, scope, key, 201, body)
        return body


async def charges(database: Database) -> int:
    async with database.read() as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM charge")
    return found


async def test_sixty_at_once_with_one_key_are_one_charge_with_equal_answers(database: Database) -> None:
    answers = await asyncio.gather(*(charge(database, "key-1") for _ in range(60)))
    assert set(answers) == {b"charge 1"}
    assert await charges(database) == 1


async def test_sixty_at_once_without_the_store_are_sixty_charges(database: Database) -> None:
    """The control. Looking first, without the claim, does not help either: nobody has answered yet."""

    async def look_and_charge() -> None:
        async with database.transaction() as connection:
            if await connection.fetchval("SELECT status FROM idempotency_key WHERE key = 'key-1'") is None:
                await connection.execute(CHARGE)
                await asyncio.sleep(0.01)

    await asyncio.gather(*(look_and_charge() for _ in range(60)))
    assert await charges(database) == 60


async def test_the_second_waits_for_the_first_and_gets_its_answer(database: Database) -> None:
    async with database.transaction() as first:
        assert await STORE.begin(first, "s", "key-1", HASH) is None
        second = asyncio.create_task(charge(database, "key-1", scope="s"))
        await asyncio.sleep(0.1)
        assert not second.done()
        await STORE.finish(first, "s", "key-1", 201, b"the first answer")
    assert await second == b"the first answer"


async def test_after_a_first_that_failed_the_second_does_the_work(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await STORE.begin(connection, "subject-1", "key-1", HASH)
            await connection.fetchval(CHARGE)
            await asyncio.sleep(0.1)
            raise LookupError

    failing = asyncio.create_task(fail())
    await asyncio.sleep(0.03)
    assert await charge(database, "key-1") == b"charge 2"
    with pytest.raises(LookupError):
        await failing
    assert await charges(database) == 1


async def test_status_and_body_come_back_as_they_were(database: Database) -> None:
    async with database.transaction() as connection:
        assert await STORE.begin(connection, "s", "key-1", HASH) is None
        await STORE.finish(connection, "s", "key-1", 202, b'{"id":"\xc3\xb1"}')
    async with database.transaction() as connection:
        assert await STORE.begin(connection, "s", "key-1", HASH) == StoredResponse(202, b'{"id":"\xc3\xb1"}')


async def test_another_request_with_the_key_is_refused(database: Database) -> None:
    await charge(database, "key-1")
    with pytest.raises(IdempotencyKeyReused) as refused:
        await charge(database, "key-1", hashed=b"x" * 32)
    assert (refused.value.status, refused.value.code) == (422, "idempotency_key_reused")
    assert await charges(database) == 1


async def test_keys_of_two_subjects_do_not_meet(database: Database) -> None:
    assert await charge(database, "key-1", scope="subject-1") == b"charge 1"
    assert await charge(database, "key-1", scope="subject-2") == b"charge 2"
