from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from portico_runtime import supervisor as supervising
from portico_runtime.leftovers import marked
from portico_runtime.processes import ManagedProcess, NotReadyInTimeError, StartFailedError, State, bound_log
from portico_runtime.supervisor import Step
from runtime.tests.nursery import Nursery

SLEEPS = "ready(); time.sleep(600)"


async def until(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        await asyncio.sleep(0.02)


async def test_a_killed_process_is_started_again(nursery: Nursery) -> None:
    await nursery.supervisor.start(nursery.spec("one", SLEEPS))
    process = nursery.process("one")
    killed = process.pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    await until(lambda: process.restarts == 1 and process.state is State.READY)
    assert process.pid != killed
    (told,) = [detail for name, progress, detail in nursery.told if progress == "restarting"]
    assert told.startswith("one was killed by SIGKILL")
    # Whoever balances heard at once that it was gone, and when it was back.
    assert [state for _, state in nursery.changes] == ["starting", "ready", "backoff", "starting", "ready"]


async def test_a_crash_loop_waits_longer_each_time(nursery: Nursery) -> None:
    await nursery.supervisor.start(nursery.spec("loop", "ready(); time.sleep(.15)"))
    await until(lambda: nursery.process("loop").restarts == 3)
    waits = [
        re.findall(r"again in ([\d.]+) s", detail)
        for _, progress, detail in nursery.told
        if "again in" in detail
    ]
    assert waits[:3] == [["0.2"], ["0.4"], ["0.8"]]


async def test_a_process_that_ran_well_begins_its_backoff_anew(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "HEALTHY_AFTER_S", 0.05)
    await nursery.supervisor.start(nursery.spec("loop", "ready(); time.sleep(.15)"))
    await until(lambda: nursery.process("loop").restarts == 3)
    waits = [
        re.findall(r"again in ([\d.]+) s", detail)
        for _, progress, detail in nursery.told
        if "again in" in detail
    ]
    assert waits[:3] == [["0.2"], ["0.2"], ["0.2"]]


async def test_the_backoff_is_bounded(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "BACKOFF_MAX_S", 0.3)
    await nursery.supervisor.start(nursery.spec("loop", "ready(); time.sleep(.1)"))
    await until(lambda: nursery.process("loop").restarts == 4)
    assert "again in 0.3 s" in nursery.told[-2][2] + nursery.told[-1][2]


async def test_who_never_was_ready_is_given_up_with_its_last_words(nursery: Nursery) -> None:
    with pytest.raises(StartFailedError, match=r"bad ended with code 3: .*the port is taken"):
        await nursery.supervisor.start(
            nursery.spec("bad", "print('the port is taken', flush=True); sys.exit(3)")
        )
    assert nursery.process("bad").restarts == supervising.FIRST_ATTEMPTS_MAX - 1


async def test_who_is_killed_while_starting_gets_another_chance(nursery: Nursery) -> None:
    flag = nursery.state.path / "been here"
    code = f"p = {str(flag)!r}\nif not os.path.exists(p): open(p, 'w').close(); os.kill(os.getpid(), 9)\n"
    await nursery.supervisor.start(nursery.spec("killed", code + SLEEPS))
    assert nursery.process("killed").restarts == 1


async def test_who_is_not_ready_in_time_is_ended(nursery: Nursery) -> None:
    with pytest.raises(NotReadyInTimeError, match="slow is not ready after 0 s"):
        await nursery.supervisor.start(nursery.spec("slow", "time.sleep(600)", start_timeout_s=0.3))
    assert nursery.process("slow").pid is None


async def test_a_program_that_is_not_there_is_a_failure_and_no_hang(nursery: Nursery) -> None:
    spec = nursery.spec("absent", "")
    spec.command[0] = "/no/such/program"
    with pytest.raises(FileNotFoundError):
        await nursery.supervisor.start(spec)


async def test_the_balancer_hears_before_the_process_is_asked_to_leave(nursery: Nursery) -> None:
    alive: list[bool] = []

    def remember(process: ManagedProcess) -> None:
        if process.state is State.STOPPING:
            alive.append(process.pid is not None)

    nursery.on_change = remember
    await nursery.supervisor.start(nursery.spec("polite", SLEEPS))
    await nursery.supervisor.stop("polite")
    assert alive == [True]
    assert nursery.process("polite").state is State.STOPPED


async def test_stopped_is_stopped(nursery: Nursery) -> None:
    await nursery.supervisor.start(nursery.spec("one", SLEEPS))
    await nursery.supervisor.stop("one")
    await asyncio.sleep(0.5)
    assert nursery.process("one").pid is None
    assert nursery.process("one").restarts == 0


async def test_a_process_that_ignores_its_signal_is_killed_with_its_group(nursery: Nursery) -> None:
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    code = f"{stubborn}subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n{SLEEPS}"
    await nursery.supervisor.start(nursery.spec("stubborn", code, stop_timeout_s=0.3))
    assert len(marked(nursery.marker)) == 2
    await nursery.supervisor.stop("stubborn")
    await until(lambda: not marked(nursery.marker))


async def test_a_frozen_process_leaves_in_good_order(nursery: Nursery) -> None:
    code = "signal.signal(signal.SIGTERM, lambda *_: (print('goodbye', flush=True), sys.exit(0)))\n" + SLEEPS
    await nursery.supervisor.start(nursery.spec("frozen", code))
    pid = nursery.process("frozen").pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    await nursery.supervisor.stop("frozen")
    assert "goodbye" in nursery.process("frozen").log_path.read_text()


async def test_what_a_crashed_process_leaves_of_its_group_is_ended_before_it_starts_again(
    nursery: Nursery,
) -> None:
    worker = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    await nursery.supervisor.start(nursery.spec("parent", f"{worker}\n{SLEEPS}"))
    process = nursery.process("parent")
    assert process.pid
    (orphan,) = psutil.Process(process.pid).children()
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: process.restarts == 1 and process.state is State.READY)
    await until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)
    assert len(marked(nursery.marker)) == 2


async def test_restart_replaces_the_process_in_good_order(nursery: Nursery) -> None:
    await nursery.supervisor.start(nursery.spec("one", SLEEPS))
    before = nursery.process("one").pid
    await nursery.supervisor.restart("one")
    assert nursery.process("one").pid not in {before, None}
    assert "restarting" not in {progress for _, progress, _ in nursery.told}


async def test_a_full_disk_does_not_end_what_runs(nursery: Nursery) -> None:
    def full(_process: ManagedProcess) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "endpoints.json")

    nursery.on_change = full
    await nursery.supervisor.start(nursery.spec("one", SLEEPS))
    assert nursery.process("one").state is State.READY
    assert any("the disk is full" in detail for _, progress, detail in nursery.told if progress == "failed")


async def test_steps_wait_for_their_needs_and_else_run_at_once(nursery: Nursery) -> None:
    happened: list[str] = []
    both = asyncio.Barrier(2)

    def step(name: str, *needs: str, meet: bool = False) -> Step:
        async def act() -> str | None:
            happened.append(f"{name} begins")
            if meet:
                await both.wait()  # hangs unless the other one runs at the same time
            happened.append(f"{name} ends")
            return None

        return Step(name=name, needs=needs, act=act)

    steps = [
        step("last", "left", "right"),
        step("left", "first", meet=True),
        step("right", "first", meet=True),
    ]
    await asyncio.wait_for(nursery.supervisor.run_steps([*steps, step("first")]), timeout=5)
    assert happened[:2] == ["first begins", "first ends"]
    assert happened[-2:] == ["last begins", "last ends"]
    assert ("last", "waiting", "left, right") in nursery.told


async def test_the_first_failing_step_ends_the_others(nursery: Nursery) -> None:
    async def fail() -> str | None:
        raise StartFailedError("it cannot be")

    async def hang() -> str | None:
        await asyncio.sleep(600)
        return None

    steps = [Step(name="fails", needs=(), act=fail), Step(name="hangs", needs=(), act=hang)]
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(nursery.supervisor.run_steps(steps), timeout=5)
    assert caught.group_contains(StartFailedError, match="it cannot be")


async def test_a_log_is_bounded_under_its_writer(nursery: Nursery) -> None:
    await nursery.supervisor.start(
        nursery.spec("talks", "ready()\nwhile True: print('x' * 99, flush=True); time.sleep(.01)")
    )
    log = nursery.process("talks").log_path
    await until(lambda: log.stat().st_size > 2_000)
    bound_log(log, bytes_max=1_000)
    assert log.stat().st_size < 2_000
    assert log.with_suffix(".log.1").stat().st_size > 2_000
    await until(lambda: log.stat().st_size > 100)  # the writer goes on, at the new end
    assert log.read_text().startswith("x")
