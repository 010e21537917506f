"""A commit that its standby did not confirm is never reported as done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from kit.tests.postgres.conftest import settings_of
from portico_kit.errors import OutcomeUnknown
from portico_kit.postgres import Database, pool

INSERT = "INSERT INTO seat (id) VALUES ($1)"
COUNT = "SELECT count(*) FROM seat"
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname <> 'postgres'"


@pytest.fixture
async def nobody(
    database: Database, administrator: asyncpg.Connection[asyncpg.Record]
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Make every commit wait for a standby that does not exist. The database is emptied before."""
    assert await count(database) == 0
    await administrator.execute("SET synchronous_commit = local")
    await administrator.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await administrator.execute("SELECT pg_reload_conf()")
    yield administrator
    await administrator.execute("ALTER SYSTEM RESET synchronous_standby_names")
    await administrator.execute("SELECT pg_reload_conf()")


async def count(database: Database) -> int:
    async with database.read() as connection:
        found: int = await connection.fetchval(COUNT)
    return found


async def insert(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(INSERT, "A-1")


async def end_the_wait(administrator: asyncpg.Connection[asyncpg.Record], how: str) -> None:
    for _ in range(200):
        if pid := await administrator.fetchval(WAITING):
            await administrator.execute(f"SELECT {how}($1)", pid)
            return
        await asyncio.sleep(0.01)
    raise RuntimeError("no commit is waiting for its standby")


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_a_cancelled_wait_leaves_the_outcome_unknown(
    database: Database, nobody: asyncpg.Connection[asyncpg.Record], how: str
) -> None:
    committing = asyncio.create_task(insert(database))
    await end_the_wait(nobody, how)
    with pytest.raises(OutcomeUnknown):
        await committing
    assert await count(database) == 1  # and indeed it stands, on this server alone


async def test_a_wait_without_end_leaves_the_outcome_unknown_in_bounded_time(
    database: Database, url: str, nobody: asyncpg.Connection[asyncpg.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "ANSWER_TIMEOUT_S", 0.5)
    impatient = await Database.open(settings_of(url))
    with pytest.raises(OutcomeUnknown):
        await asyncio.wait_for(insert(impatient), timeout=5)
    await impatient.close()


async def test_asyncpg_alone_takes_the_cancelled_wait_for_success(
    database: Database, url: str, nobody: asyncpg.Connection[asyncpg.Record]
) -> None:
    """The control."""
    connection = await asyncpg.connect(url)
    committing = asyncio.create_task(connection.execute(INSERT, "A-1"))
    await end_the_wait(nobody, "pg_cancel_backend")
    assert await committing == "INSERT 0 1"
    await connection.close()
    assert await count(database) == 1
