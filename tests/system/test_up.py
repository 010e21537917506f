"""The life of a system: started, looked at, restarted, killed, stopped, and nothing left of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from portico_runtime.layout import marker
from portico_runtime.processes import MARKER
from portico_runtime.state import StateFolder
from tests.fixtures.ports import free_port
from tests.fixtures.system import RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


async def test_everything_of_the_topology_runs_in_its_zone(system: RunningSystem) -> None:
    status = await system.status()
    assert status["ready"] is True
    assert status["address"] == system.address
    assert status["zones"] == {"a": "up", "b": "up"}
    placed = Counter((process["service"], process["zone"]) for process in status["processes"])
    for service in ("frontend", "boxoffice", "accounts", "payments", "notifications", "main"):
        assert placed[service, "a"] == placed[service, "b"] == 1
    assert {process["state"] for process in status["processes"]} == {"ready"}
    assert all(process["rss_bytes"] > 1_000_000 and process["pid"] for process in status["processes"])
    assert status["database"]["primary"] == "main-a"
    (replica,) = status["database"]["replicas"]
    assert (replica["name"], replica["state"]) == ("main-b", "streaming")
    assert replica["sync"] in {"sync", "quorum"}
    assert {account["role"] for account in status["accounts"]} == {
        "buyer",
        "organiser",
        "staff",
        "administrator",
    }


async def test_a_killed_child_is_started_again(system: RunningSystem) -> None:
    before = await process_of(system, "payments-b1")
    os.kill(before["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        now = await process_of(system, "payments-b1")
        if now["state"] == "ready" and now["pid"] != before["pid"]:
            assert now["restarts"] == before["restarts"] + 1
            return
        await asyncio.sleep(0.3)
    pytest.fail("the killed process did not come back")


async def process_of(system: RunningSystem, name: str) -> dict[str, Any]:
    status = await system.status()
    found: dict[str, Any] = next(process for process in status["processes"] if process["name"] == name)
    return found


def test_logs_are_shown_by_name(system: RunningSystem) -> None:
    shown = system.command("logs", "boxoffice-a1")
    assert shown.returncode == 0
    assert '"instance":"boxoffice-a1"' in shown.stdout
    unknown = system.command("logs", "nobody")
    assert unknown.returncode == 1
    assert "there is no log named nobody" in unknown.stderr


def test_a_second_system_on_the_same_state_is_refused(system: RunningSystem) -> None:
    refused = system.command("up", "--port", str(free_port()))
    assert refused.returncode == 1
    assert "already running" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_port_in_use_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = RunningSystem(tmp_path / "state", port).command("up", "--port", str(port))
    assert refused.returncode == 1
    assert f"port {port} is in use" in refused.stderr
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


def remains(state: Path) -> list[str]:
    """Processes that still carry the mark of a system of this state folder."""
    mark, found = marker(StateFolder(state)), []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == mark:
                found.append(f"{process.pid} {process.name()}")
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


async def test_a_system_beside_survives_the_kill_of_its_runtime_and_leaves_nothing(
    system: RunningSystem,
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="portico beside "))
    beside = RunningSystem(folder / "state", free_port())
    try:
        started = await asyncio.to_thread(beside.start)
        assert started.returncode == 0, started.stdout + started.stderr
        ready = await beside.status()
        runtime = psutil.Process(ready["processes"][0]["pid"]).ppid()
        os.kill(runtime, signal.SIGKILL)
        assert remains(beside.state), "the control: a killed runtime does leave its children"
        again = await asyncio.to_thread(beside.start)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "ended what an earlier run left behind" in again.stdout
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{beside.address}/api/events")).status_code == 200
            assert (await http.get(f"{system.address}/api/events")).status_code == 200
        stopped = await asyncio.to_thread(beside.stop)
        assert stopped.returncode == 0, stopped.stderr
        assert remains(beside.state) == []
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", beside.port))
        wiped = await asyncio.to_thread(beside.command, "down", "--wipe")
        assert wiped.returncode == 0, wiped.stderr
        assert not beside.state.exists()
    finally:
        await asyncio.to_thread(beside.stop)
        shutil.rmtree(folder, ignore_errors=True)
