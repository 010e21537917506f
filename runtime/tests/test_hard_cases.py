"""What must not end a keeper, hang a start, or reach a stranger; each failed before there was a guard."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from portico_runtime import processes
from portico_runtime.leftovers import recorded
from portico_runtime.probes import http_ready
from portico_runtime.processes import StartFailedError, State, bound_log
from portico_runtime.state import StateFolder
from runtime.tests.nursery import Nursery

SLEEPS = "ready(); time.sleep(600)"
LEAVES_SLOWLY = """
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit(0)))
ready()
while True:
    time.sleep(1)
"""
WRITER = """
import sys
from pathlib import Path
from portico_runtime.state import StateFolder
for _ in range(300):
    StateFolder(Path(sys.argv[1])).write("portico", {"version": 1}, durable=False)
"""


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1500):
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not come to that in 30 s")


async def test_a_probe_with_a_defect_fails_the_start_and_does_not_hang_it(nursery: Nursery) -> None:
    async def defective() -> bool:
        raise IndexError("a defect of ours")

    spec = replace(nursery.spec("one", SLEEPS), ready=defective)
    with pytest.raises(IndexError):
        await asyncio.wait_for(nursery.supervisor.start(spec), timeout=10)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc\r\n", b"garbage\r\n", b"", b"x" * 200_000]
)
async def test_an_answer_that_is_no_http_is_not_ready(answer: bytes) -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    assert await http_ready(server.sockets[0].getsockname()[1], "/")() is False
    server.close()


async def test_a_terminal_that_is_gone_does_not_end_what_runs(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(nursery.supervisor, "observe", gone)
    await nursery.supervisor.start(nursery.spec("one", SLEEPS))
    process = nursery.process("one")
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: process.restarts == 1 and process.state is State.READY)


async def test_the_group_of_a_dead_process_is_not_killed_again(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_runtime.supervisor.BACKOFF_FIRST_S", 30)
    await nursery.supervisor.start(nursery.spec("one", SLEEPS))
    process = nursery.process("one")
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: process.state is State.BACKOFF)
    killed: list[int] = []
    monkeypatch.setattr(processes, "end_group", killed.append)
    await nursery.supervisor.stop("one")
    assert killed == [], "by now the number may be somebody else's"


async def test_a_restart_under_way_starts_nothing_after_everything_stopped(nursery: Nursery) -> None:
    await nursery.supervisor.start(nursery.spec("one", LEAVES_SLOWLY))
    restarting = asyncio.create_task(nursery.supervisor.restart("one"))
    await until(lambda: nursery.process("one").state is State.STOPPING)
    await nursery.supervisor.stop_all([["one"]])
    with pytest.raises(StartFailedError, match="stopping"):
        await restarting
    assert nursery.process("one").pid is None


async def test_who_is_stopped_while_starting_is_not_waited_for(nursery: Nursery) -> None:
    starting = asyncio.create_task(nursery.supervisor.start(nursery.spec("one", "time.sleep(600)")))
    await until(lambda: "one" in nursery.supervisor.processes and nursery.process("one").pid is not None)
    await nursery.supervisor.stop("one")
    with pytest.raises(StartFailedError, match="stopped before it was ready"):
        await asyncio.wait_for(starting, timeout=5)


def test_a_log_is_bounded_on_a_full_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    log = tmp_path / "one.log"
    log.write_bytes(b"x" * 100)
    bound_log(log, 10)
    assert log.stat().st_size == 0
    assert not log.with_suffix(".log.1").exists()


@pytest.mark.parametrize("pid", [-1, 0, 2**70, "7", None])
def test_a_register_with_impossible_numbers_is_nobody(state: StateFolder, pid: object) -> None:
    state.write("processes", {"one": {"pid": pid, "started": "boot:1", "signal": 15}})
    assert recorded(state) == {}


def test_two_commands_may_write_the_same_file_at_once(state: StateFolder) -> None:
    command = [sys.executable, "-c", WRITER, str(state.path)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], said
    assert state.read("portico") == {"version": 1}


def test_a_folder_that_merely_has_a_lock_and_logs_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "logs").mkdir()
    assert not StateFolder(tmp_path).is_ours()
