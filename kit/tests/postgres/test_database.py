"""Transactions say the truth about themselves, whatever happens to the server."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from kit.tests.postgres.conftest import settings_of
from kit.tests.postgres.proxy import proxy
from portico_kit.errors import OutcomeUnknown, Unavailable
from portico_kit.postgres import Connection, Contention, Database, pool
from portico_kit.postgres.pool import RolledBackError
from tests.fixtures.ports import free_port

INSERT = "INSERT INTO seat (id) VALUES ($1)"
COUNT = "SELECT count(*) FROM seat"


async def count(database: Database) -> int:
    async with database.transaction() as connection:
        found: int = await connection.fetchval(COUNT)
    return found


async def insert(database: Database, *seats: object) -> None:
    async with database.transaction() as connection:
        for seat in seats:
            await connection.execute(INSERT, seat)


async def backend(connection: Connection) -> int:
    found: int = await connection.fetchval("SELECT pg_backend_pid()")
    return found


async def test_a_transaction_commits_at_its_end_and_an_exception_undoes_it(database: Database) -> None:
    async def change_our_mind() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, "A-2")
            raise KeyError

    await insert(database, "A-1")
    with pytest.raises(KeyError):
        await change_our_mind()
    assert await count(database) == 1


async def test_a_callers_own_error_passes_as_it_is(database: Database) -> None:
    async def too_many_arguments() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, "A-1", "A-2")

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert(database, "A-1", "A-1")
    with pytest.raises(asyncpg.DataError):
        await insert(database, 7)
    with pytest.raises(asyncpg.InterfaceError, match="1 argument"):
        await too_many_arguments()


async def test_a_passed_over_error_is_not_taken_for_a_commit(database: Database) -> None:
    async def pass_over() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, "A-1")
            with suppress(asyncpg.UniqueViolationError):
                await connection.execute(INSERT, "A-1")

    with pytest.raises(RolledBackError):
        await pass_over()
    assert await count(database) == 0


async def test_asyncpg_alone_takes_it_for_a_commit(database: Database, url: str) -> None:
    """The control: the block ends without an error, and the seat is not there."""
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute(INSERT, "A-1")
        with suppress(asyncpg.UniqueViolationError):
            await connection.execute(INSERT, "A-1")
    await connection.close()
    assert await count(database) == 0


async def test_readers_cannot_write(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.fetchval(COUNT) == 0
    with pytest.raises(Unavailable):
        async with database.read() as connection:
            await connection.execute(INSERT, "A-1")
    assert await count(database) == 0


async def test_a_connection_lost_before_the_commit_changed_nothing_and_is_replaced(
    database: Database, administrator: asyncpg.Connection[asyncpg.Record]
) -> None:
    async def lose_it() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, "A-1")
            await administrator.execute("SELECT pg_terminate_backend($1)", await backend(connection))
            await connection.execute(INSERT, "A-2")

    with pytest.raises(Unavailable) as lost:
        await lose_it()
    assert not isinstance(lost.value, OutcomeUnknown)
    assert await count(database) == 0


async def test_a_lost_answer_to_a_commit_leaves_the_outcome_unknown(
    database: Database, postgres_server: Any, url: str
) -> None:
    port = free_port()
    async with proxy(port, postgres_server.node.port) as through:
        remote = await Database.open(settings_of(moved(url, port)))

        async def lose_the_answer() -> None:
            async with remote.transaction() as connection:
                await connection.execute(INSERT, "A-1")
                through.deaf = True

        with pytest.raises(OutcomeUnknown):
            await lose_the_answer()
        await remote.close()
    assert await count(database) == 1  # and indeed it stands


async def test_deadlock_is_contention_for_one_and_success_for_the_other(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.executemany(INSERT, [("A-1",), ("A-2",)])
    both = asyncio.Barrier(2)

    async def update(first: str, second: str) -> None:
        async with database.transaction() as connection:
            await connection.execute("UPDATE seat SET buyer = 'b' WHERE id = $1", first)
            await both.wait()
            await connection.execute("UPDATE seat SET buyer = 'b' WHERE id = $1", second)

    results = await asyncio.gather(update("A-1", "A-2"), update("A-2", "A-1"), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Contention", "NoneType"]
    assert issubclass(Contention, Unavailable)


async def test_waiting_for_a_lock_is_bounded(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(INSERT, "A-1")
    async with database.transaction() as holder:
        await holder.execute("SELECT id FROM seat FOR UPDATE")
        began = time.monotonic()
        with pytest.raises(Unavailable):
            async with database.transaction() as connection:
                await connection.execute("SELECT id FROM seat FOR UPDATE")
        assert 1.5 < time.monotonic() - began < 3


async def test_an_exhausted_pool_is_unavailable_in_bounded_time_and_still_ready(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "ACQUIRE_TIMEOUT_S", 0.2)
    database = await Database.open(settings_of(url, size_max=1))
    assert await database.ready()
    async with database.transaction():
        with pytest.raises(Unavailable):
            async with database.transaction():
                raise AssertionError("there is one connection only")
        assert await database.ready()
    await database.close()


async def test_a_database_that_comes_late_is_waited_for_and_one_that_does_not_is_given_up(
    postgres_server: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "OPEN_PAUSE_S", 0.05)
    late = free_port()
    opening = asyncio.create_task(Database.open(settings_of(moved(url, late))))
    await asyncio.sleep(0.3)
    async with proxy(late, postgres_server.node.port):
        database = await opening
        assert await database.ready()
        await database.close()
    monkeypatch.setattr(pool, "OPEN_ATTEMPTS", 2)
    with pytest.raises(Unavailable):
        await Database.open(settings_of(moved(url, late)))


async def test_a_server_that_freezes_costs_bounded_time_and_its_successor_serves(
    postgres_server: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "ANSWER_TIMEOUT_S", 1.0)
    port = free_port()
    async with proxy(port, postgres_server.node.port) as through:
        both = moved(url, port).replace(f":{port}", f":{port},127.0.0.1:{postgres_server.node.port}")
        database = await Database.open(settings_of(both, size_max=3, database_pool_min=3))
        through.frozen = True
        began = time.monotonic()
        with pytest.raises(Unavailable):
            async with database.transaction() as connection:
                await connection.execute(COUNT)
        for _ in range(5):  # none of the frozen host's other connections is handed out
            async with database.transaction() as connection:
                assert await connection.fetchval("SELECT inet_server_port()") == postgres_server.node.port
        assert time.monotonic() - began < 8
        await database.close()


def moved(url: str, port: int) -> str:
    head, _, tail = url.rpartition("@")
    return f"{head}@127.0.0.1:{port}/{tail.partition('/')[2]}"
