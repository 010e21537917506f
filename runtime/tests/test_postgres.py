from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from portico_runtime.postgres import Administrator, PostgresNode
from tests.fixtures.ports import free_port
from tests.fixtures.postgres import PASSWORD, QUICK

pytestmark = pytest.mark.integration


def start(node: PostgresNode) -> subprocess.Popen[bytes]:
    log = node.folder.with_suffix(".log").open("wb")
    with log:
        return subprocess.Popen(node.command(), stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


async def until_answers(node: PostgresNode) -> None:
    for _ in range(100):
        if await Administrator(node).answers():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(node.folder.with_suffix(".log").read_text())


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[PostgresNode, PostgresNode, subprocess.Popen[bytes]]]:
    """A primary and a standby that commits wait for, in a folder whose name has a space."""
    folder = tmp_path / "two zones"
    folder.mkdir()
    folder.chmod(0o755)
    nodes = [
        PostgresNode(name=name, folder=folder / name, port=free_port(), password=PASSWORD, settings=QUICK)
        for name in ("main-a", "main-b")
    ]
    primary, standby = nodes
    primary.initialise()
    processes = [start(primary)]
    await until_answers(primary)
    standby.follow(primary)
    processes.append(start(standby))
    await until_answers(standby)
    await Administrator(primary).set_synchronous_standbys(["main-b"], count=1)
    yield primary, standby, processes[1]
    for process in reversed(processes):
        process.terminate()
        process.wait(timeout=20)


async def until_synchronous(primary: PostgresNode) -> None:
    for _ in range(100):
        if [replica.sync for replica in await Administrator(primary).replicas()] in (["quorum"], ["sync"]):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the standby never became synchronous")


async def test_what_is_committed_is_on_the_standby(
    pair: tuple[PostgresNode, PostgresNode, subprocess.Popen[bytes]],
) -> None:
    primary, standby, _ = pair
    await until_synchronous(primary)
    await Administrator(primary).create_database("box", owner_password=PASSWORD)
    assert await Administrator(primary).is_primary()
    assert not await Administrator(standby).is_primary()
    (replica,) = await Administrator(primary).replicas()
    assert (replica.name, replica.state) == ("main-b", "streaming")
    for _ in range(50):
        try:
            connection = await asyncpg.connect(f"postgresql://box:{PASSWORD}@127.0.0.1:{standby.port}/box")
        except asyncpg.InvalidCatalogNameError:
            await asyncio.sleep(0.1)  # flushed there, and replayed a moment later
        else:
            await connection.close()
            return
    raise AssertionError("the database never appeared on the standby")


async def test_without_its_standby_a_commit_waits(
    pair: tuple[PostgresNode, PostgresNode, subprocess.Popen[bytes]],
) -> None:
    primary, _, standby_process = pair
    await until_synchronous(primary)
    standby_process.kill()
    standby_process.wait(timeout=20)
    connection = await asyncpg.connect(primary.url())
    with pytest.raises(TimeoutError):
        await connection.execute("CREATE TABLE waiting (x int)", timeout=1)
    connection.terminate()
    # The control: a commit that waits for nobody is answered at once.
    await Administrator(primary).set_synchronous_standbys([], count=0)
    free = await asyncpg.connect(primary.url())
    await free.execute("CREATE TABLE alone (x int)", timeout=5)
    await free.close()


async def test_creating_a_database_again_changes_nothing(
    pair: tuple[PostgresNode, PostgresNode, subprocess.Popen[bytes]],
) -> None:
    primary, _, _ = pair
    await Administrator(primary).create_database("twice", owner_password=PASSWORD)
    await Administrator(primary).create_database("twice", owner_password=PASSWORD)
