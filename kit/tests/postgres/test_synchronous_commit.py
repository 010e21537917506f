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
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = coalesce($1, pid)"


@pytest.fixture
async def nobody(
    database: Database, administrator: asyncpg.Connection[asyncpg.Record], url: str
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Make every commit wait for a standby that does not exist, once the database is emptied."""
    assert await count(database) == 0
    await administrator.execute("SET synchronous_commit = local")
    await administrator.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await administrator.execute("SELECT pg_reload_conf()")
    await until_commits_wait(url, administrator)
    yield administrator
    await administrator.execute("ALTER SYSTEM RESET synchronous_standby_names")
    await administrator.execute("SELECT pg_reload_conf()")


async def until_commits_wait(url: str, administrator: asyncpg.Connection[asyncpg.Record]) -> None:
    """A reload is done some time after it was asked for: try with a commit that changes nothing."""
    connection = await asyncpg.connect(url)
    pid = await connection.fetchval("SELECT pg_backend_pid()")
    probe = asyncio.create_task(probe_until_it_waits(connection))
    await end_the_wait(administrator, "pg_terminate_backend", pid=pid)
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await probe


async def probe_until_it_waits(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    while True:
        await connection.execute("SELECT pg_logical_emit_message(true, 'probe', '')")


async def count(database: Database) -> int:
    async with database.read() as connection:
        found: int = await connection.fetchval(COUNT)
    return found


async def insert(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(INSERT, "A-1")


async def end_the_wait(
    administrator: asyncpg.Connection[asyncpg.Record], how: str, *, pid: int | None = None
) -> None:
    """Cancel or end whoever waits for a standby, once; `pid` names one."""
    for _ in range(500):
        found = await administrator.fetchval(WAITING, pid)
        if found and await administrator.fetchval(f"SELECT {how}($1)", found):
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


@pytest.mark.usefixtures("nobody")
async def test_a_wait_without_end_leaves_the_outcome_unknown_in_bounded_time(
    url: str, monkeypatch: pytest.MonkeyPatch
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
