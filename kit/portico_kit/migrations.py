"""Alembic over asyncpg: a deployable's `migrations/` folder holds its versions and a two-line `env.py`.

One job at a time: an advisory lock of the session makes a second one wait and then find nothing to do.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATION_LOCK = 7_246_051_990  # any number that means this and nothing else
LOCK_TIMEOUT = "5s"  # online: a migration gives up rather than queue everybody behind it


def run_migrations(database_url: SecretStr, scripts: Path) -> None:
    """Bring a database to the newest version of the scripts."""
    from alembic import command  # noqa: PLC0415  only the job needs it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["database_url"] = database_url.get_secret_value()
    command.upgrade(config, "head")


def run_environment() -> None:
    """Be the body of a `migrations/env.py`."""
    asyncio.run(_run_online())


async def _run_online() -> None:
    import asyncpg  # noqa: PLC0415
    from alembic import context  # noqa: PLC0415
    from sqlalchemy import NullPool  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    url: str = context.config.attributes["database_url"]
    # asyncpg itself reads the URL: it knows several hosts and which of them is the primary.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
            await connection.commit()
    finally:
        await engine.dispose()


def _migrate(connection: Connection) -> None:
    from alembic import context  # noqa: PLC0415

    connection.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


def execute_script(script: str) -> None:
    """Execute several statements in the migration's transaction; for use in a version's `upgrade`."""
    from alembic import op  # noqa: PLC0415

    # SQLAlchemy's adapter makes prepared statements alone, which cannot hold several; asyncpg itself can.
    raw: Any = op.get_bind().connection
    raw.run_async(lambda connection: connection.execute(script))
