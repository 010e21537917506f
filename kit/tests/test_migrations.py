"""Migrations run once, however many jobs start at once, and a failing one leaves nothing behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from portico_kit.migrations import run_migrations

ENVIRONMENT = "from portico_kit.migrations import run_environment\n\nrun_environment()\n"
VERSION = '''
from portico_kit.migrations import execute_script

revision = "{revision}"
down_revision = {down}


def upgrade() -> None:
    execute_script("""{script}""")
'''
TABLES = "CREATE TABLE seat (id text); CREATE TABLE hold (id text); SELECT pg_sleep(0.2)"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A migrations folder whose path has a space and a percent sign."""
    folder = tmp_path / "50% of it"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENVIRONMENT)
    add(folder, "0001", None, TABLES)
    return folder


def add(folder: Path, revision: str, down: str | None, script: str) -> None:
    text = VERSION.format(revision=revision, down=repr(down), script=script)
    (folder / "versions" / f"{revision}.py").write_text(text)


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    records = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {record["tablename"] for record in records}


async def test_two_jobs_at_once_migrate_once(postgres_server: Any, scripts: Path) -> None:
    url = await postgres_server.create_database("migrations")
    jobs = (asyncio.to_thread(run_in_process, url, scripts) for _ in range(2))
    assert await asyncio.gather(*jobs) == [0, 0]
    assert await tables(url) == {"alembic_version", "seat", "hold"}


async def test_a_new_version_is_added_and_a_failing_one_leaves_nothing(
    postgres_server: Any, scripts: Path
) -> None:
    url = await postgres_server.create_database("migrations")
    await asyncio.to_thread(run_migrations, SecretStr(url), scripts)
    add(scripts, "0002", "0001", "CREATE TABLE ticket (id text)")
    await asyncio.to_thread(run_migrations, SecretStr(url), scripts)
    add(scripts, "0003", "0002", "CREATE TABLE ledger (id text); SELECT no_such_column")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await asyncio.to_thread(run_migrations, SecretStr(url), scripts)
    assert await tables(url) == {"alembic_version", "seat", "hold", "ticket"}


def run_in_process(url: str, scripts: Path) -> int:
    """Alembic keeps its context in a global: two jobs at once are two processes."""
    job = (
        "import sys; from pathlib import Path; from pydantic import SecretStr;"
        "from portico_kit.migrations import run_migrations;"
        "run_migrations(SecretStr(sys.argv[1]), Path(sys.argv[2]))"
    )
    return subprocess.run([sys.executable, "-c", job, url, str(scripts)], check=False, timeout=60).returncode
