"""Databases of our own on a real server, and a server that commits wait for in vain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from portico_kit.postgres import Database
from portico_kit.settings import DatabaseSettings

CREATE = "CREATE TABLE seat (id text PRIMARY KEY, buyer text)"


@pytest.fixture(scope="session")
async def url(postgres_server: Any) -> str:
    made: str = await postgres_server.create_database("kit")
    connection = await asyncpg.connect(made)
    await connection.execute(CREATE)
    await connection.close()
    return made


@pytest.fixture
async def administrator(postgres_server: Any) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(postgres_server.node.url())
    yield connection
    await connection.close()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(settings_of(url))
    async with opened.transaction() as connection:
        await connection.execute("TRUNCATE seat")
    yield opened
    await opened.close()


def settings_of(url: str, *, size_max: int = 10, **changes: Any) -> DatabaseSettings:
    return DatabaseSettings(database_url=SecretStr(url), database_pool_max=size_max, **changes)
