from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import psutil
import pytest

from portico_runtime.leftovers import end_leftovers, lives, marked, start_mark, stop_runtime
from portico_runtime.processes import MARKER
from portico_runtime.state import StateFolder

# A runtime of two children, one of which has a child of its own. It says who they are and waits to be killed.
RUNTIME = """
import asyncio, sys
from pathlib import Path
from portico_runtime.state import StateFolder
from runtime.tests.nursery import Nursery

async def main():
    nursery = Nursery(StateFolder(Path(sys.argv[1])), marker=sys.argv[2])
    worker = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], env={});"
    await nursery.supervisor.start(nursery.spec("plain", "ready(); time.sleep(600)"))
    await nursery.supervisor.start(nursery.spec("parent", worker + "ready(); time.sleep(600)"))
    print(*(process.pid for process in nursery.supervisor.processes.values()), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def marker() -> Iterator[str]:
    made = uuid.uuid4().hex
    yield made
    for left in marked(made).values():
        left.process.kill()


@pytest.fixture
def orphans(state: StateFolder, marker: str) -> list[psutil.Process]:
    """Return the children of a runtime that was killed, and the child of one of them."""
    runtime = subprocess.Popen(
        [sys.executable, "-c", RUNTIME, str(state.path), marker], stdout=subprocess.PIPE, text=True
    )
    with runtime:
        assert runtime.stdout
        children = [psutil.Process(int(pid)) for pid in runtime.stdout.readline().split()]
        family = [member for child in children for member in (child, *child.children())]
        runtime.kill()
    time.sleep(0.1)
    assert len(family) == 3
    assert all(lives(member) for member in family), "the control: a killed runtime does leave its children"
    return family


def test_the_children_of_a_killed_runtime_are_ended(
    state: StateFolder, marker: str, orphans: list[psutil.Process]
) -> None:
    assert end_leftovers(state, marker) == ["parent", "plain"]
    assert not any(lives(member) for member in orphans)
    assert end_leftovers(state, marker) == []


def test_they_are_found_by_their_mark_when_the_register_is_damaged(
    state: StateFolder, marker: str, orphans: list[psutil.Process]
) -> None:
    state.file("processes").write_text('{"plain": ')
    assert end_leftovers(state, marker)
    assert not any(lives(member) for member in orphans)


def test_frozen_ones_are_ended_too(state: StateFolder, marker: str, orphans: list[psutil.Process]) -> None:
    for member in orphans:
        member.suspend()
    end_leftovers(state, marker)
    assert not any(lives(member) for member in orphans)


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process of somebody else's, which happens to have a number that we wrote down."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def register(state: StateFolder, process: psutil.Process, started: str | None) -> None:
    state.write("processes", {"one": {"pid": process.pid, "started": started, "signal": signal.SIGTERM}})


def test_a_stranger_with_a_recorded_number_is_spared(
    state: StateFolder, marker: str, stranger: psutil.Process
) -> None:
    register(state, stranger, "another-boot:1")
    assert end_leftovers(state, marker) == []
    assert lives(stranger)
    # The control: with its own start time it is taken for ours, and ended.
    register(state, stranger, start_mark(stranger.pid))
    assert end_leftovers(state, marker) == ["one"]
    assert not lives(stranger)


def test_a_process_that_is_no_more_is_nobody(
    state: StateFolder, marker: str, stranger: psutil.Process
) -> None:
    register(state, stranger, None)
    assert start_mark(2**22 + 1) is None
    assert end_leftovers(state, marker) == []


def test_we_do_not_end_ourselves(state: StateFolder, marker: str) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom portico_runtime.leftovers import end_leftovers\n"
        "from portico_runtime.state import StateFolder\n"
        "print(end_leftovers(StateFolder(Path(sys.argv[1])), sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(state.path), marker]
    environment = {**os.environ, MARKER: marker}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


HANGS = """
import signal, sys, time
from pathlib import Path
from portico_runtime.leftovers import record_runtime
from portico_runtime.state import StateFolder
signal.signal(signal.SIGTERM, signal.SIG_IGN)
state = StateFolder(Path(sys.argv[1]))
with state.locked():
    record_runtime(state)
    print("locked", flush=True)
    time.sleep(600)
"""


def test_a_runtime_that_hangs_is_ended_by_force(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portico_runtime.leftovers.STOP_TIMEOUT_S", 0.3)
    command = [sys.executable, "-c", HANGS, str(state.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as runtime:
        assert runtime.stdout
        assert runtime.stdout.readline() == "locked\n"
        assert state.is_locked()
        assert stop_runtime(state) is True
        assert runtime.wait() == -signal.SIGKILL
    assert not state.is_locked()
    assert stop_runtime(state) is False
