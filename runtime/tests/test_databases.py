from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import asyncpg
import pytest

from portico_runtime.databases import Databases
from portico_runtime.layout import Layout, make_layout
from portico_runtime.leftovers import end_leftovers
from portico_runtime.postgres import Administrator, PostgresNode
from portico_runtime.problems import OperatorError
from portico_runtime.processes import State
from portico_runtime.state import StateFolder
from portico_runtime.supervisor import Supervisor
from tests.fixtures.ports import free_port
from tests.fixtures.postgres import QUICK

pytestmark = pytest.mark.integration


@dataclass
class Pair:
    """The main database of a system: start it, ask it, stop it."""

    state: StateFolder

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Decide anew where everything is, as each start of a system does."""
        layout = make_layout(self.state, port=free_port(), host="127.0.0.1")
        main = tuple(replace(node, settings=QUICK) for node in layout.main)
        self.layout: Layout = replace(layout, main=main)
        self.supervisor = Supervisor(self.state, self.layout.marker, lambda *_: None, lambda _: None)
        self.databases = Databases(self.layout, self.supervisor, {"PATH": os.environ["PATH"]})

    @property
    def standby(self) -> PostgresNode:
        return self.layout.standbys[0]

    async def start(self) -> str | None:
        await self.databases.start_primary()
        return await self.databases.start_standby(self.standby)

    async def stop(self) -> None:
        await self.supervisor.stop_all([["main-a"], ["main-b"]])

    async def commit(self, timeout_s: float = 10) -> None:
        """Commit something that the standby must have before the answer comes."""
        connection = await asyncpg.connect(self.layout.primary.url("boxoffice"), timeout=5)
        try:
            await connection.execute("CREATE TABLE IF NOT EXISTS t (x int)", timeout=timeout_s)
            await connection.execute("INSERT INTO t VALUES (1)", timeout=timeout_s)
        finally:
            connection.terminate()


@pytest.fixture
async def pair(state: StateFolder) -> AsyncIterator[Pair]:
    made = Pair(state)
    yield made
    await made.stop()
    assert end_leftovers(state, made.layout.marker) == []


async def test_a_pair_starts_and_starts_again(pair: Pair) -> None:
    assert await pair.start() is None
    await pair.commit()
    (replica,) = await Administrator(pair.layout.primary).replicas()
    assert (replica.name, replica.state, replica.sync) == ("main-b", "streaming", "quorum")
    identity = pair.databases.identities["main"]
    await pair.stop()
    pair.open()
    assert await pair.start() is None
    assert pair.databases.identities["main"] == identity
    await pair.commit()


async def test_the_standby_follows_a_primary_that_moved_to_another_port(pair: Pair) -> None:
    await pair.start()
    await pair.stop()
    ports = pair.state.read("ports") or {}
    pair.state.write("ports", {**ports, "main-a": free_port(), "main-b": free_port()})
    pair.open()
    assert pair.layout.primary.port != ports["main-a"]
    assert await pair.start() is None, "as it is, not made anew"
    await pair.commit()


async def test_a_killed_primary_comes_back_and_is_followed(pair: Pair) -> None:
    await pair.start()
    await pair.commit()
    process = pair.supervisor.processes["main-a"]
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while process.restarts == 0 or process.state is not State.READY:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await pair.commit()


@pytest.mark.parametrize("damage", ["PG_VERSION", "global/pg_control"])
async def test_a_damaged_standby_is_made_anew(pair: Pair, damage: str) -> None:
    await pair.start()
    await pair.commit()
    await pair.stop()
    (pair.standby.folder / damage).write_text("nonsense")
    pair.open()
    assert await pair.start() == "made anew from the primary"
    await pair.commit()


async def test_a_standby_that_was_lost_is_made_anew(pair: Pair) -> None:
    await pair.start()
    await pair.stop()
    shutil.rmtree(pair.standby.folder)
    pair.open()
    await pair.start()
    await pair.commit()


async def test_what_an_interrupted_start_left_is_replaced(pair: Pair) -> None:
    staged = pair.layout.primary.folder.with_name("main-a.part")
    staged.mkdir(parents=True)
    (staged / "PG_VERSION").write_text("18")
    await pair.start()
    await pair.commit()
    assert not staged.exists()


@pytest.mark.parametrize("lost", ["all of it", "PG_VERSION"])
async def test_a_damaged_primary_is_named_and_nothing_is_made_in_its_place(pair: Pair, lost: str) -> None:
    await pair.start()
    await pair.stop()
    folder = pair.layout.primary.folder
    if lost == "PG_VERSION":
        (folder / "PG_VERSION").unlink()
    else:
        shutil.rmtree(folder)
    pair.open()
    with pytest.raises(OperatorError, match=r"damaged: postgres/main-a .*down --wipe"):
        await pair.start()
    assert folder.exists() == (lost == "PG_VERSION")


async def test_a_lock_whose_number_somebody_else_has_does_not_stop_us(pair: Pair) -> None:
    await pair.start()
    lock = pair.layout.primary.folder / "postmaster.pid"
    pair.layout.primary.discard_stale_lock()
    assert lock.exists(), "the control: the lock of a running server stays"
    saved = lock.read_text().splitlines()
    await pair.stop()
    lock.write_text("\n".join([str(os.getppid()), *saved[1:]]) + "\n")
    pair.open()
    await pair.start()
    await pair.commit()
