"""The commands as the runtime calls them: a process with nothing but its environment."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from tests.fixtures.postgres import PostgresServer


async def command(name: str, **environment: str) -> tuple[int, str]:
    """Run `python -m boxoffice <name>`; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "boxoffice", name),
        env=os.environ | {"SERVICE_NAME": "boxoffice", "INSTANCE": "boxoffice-job"} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    return process.returncode or 0, output.decode()


@pytest.mark.integration
async def test_migrate_may_run_twice_at_once_and_audit_prints_the_books(
    postgres_server: PostgresServer,
) -> None:
    url = await postgres_server.create_database("boxoffice_commands")
    migrated = await asyncio.gather(*(command("migrate", DATABASE_URL=url) for _ in range(2)))
    assert [code for code, _ in migrated] == [0, 0], migrated
    code, printed = await command("audit", DATABASE_URL=url)
    assert code == 0
    books = json.loads(printed)
    assert books.pop("orders_by_status") == {}
    assert {"live_tickets", "duplicate_live_seats", "ledger_sum_cents", "paid_cents"} < set(books)
    assert set(books.values()) == {0}


async def test_an_unknown_command_says_which_there_are() -> None:
    code, printed = await command("sell")
    assert code == 2
    assert "serve, migrate, seed, audit, openapi" in printed
