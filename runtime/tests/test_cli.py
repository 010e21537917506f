from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portico_runtime.cli import main
from portico_runtime.state import VERSION, StateFolder
from tests.fixtures.ports import free_port

HEAVY = ("asyncpg", "rich", "botocore", "psutil", "yaml", "portico_topology")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def up(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an `up` that is to be refused."""
    command = [sys.executable, "-m", "portico_runtime", "up", "--state", str(state), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("portico: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert ";" in done.stderr, "there is a remedy"
    for word in words:
        assert word in done.stderr


def test_help_names_the_commands_and_loads_nothing_heavy() -> None:
    shown = run("--help")
    for name in ("up", "down", "status", "logs", "restart", "check", "test"):
        assert f"  {name} " in shown.output
    code = f"import sys, portico_runtime.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("detach", [(), ("--detach",)])
def test_a_port_in_use(tmp_path: Path, detach: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = up(tmp_path / "state", "--port", str(port), *detach)
    assert_refused(refused, f"port {port} is in use by python", "pid", "use another: --port")
    assert not StateFolder(tmp_path / "state").is_locked()


def test_a_folder_with_other_things_in_it(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    assert_refused(up(tmp_path), "is not a state folder of Portico")
    refused = run("down", "--wipe", "--state", str(tmp_path))
    assert refused.exit_code == 1
    assert "delete it yourself" in refused.stderr
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("name", ["portico", "secrets", "ports", "jobs", "processes", "runtime"])
def test_a_damaged_folder_is_named_and_its_remedy_works(state: StateFolder, name: str) -> None:
    state.file(name).write_text('{"half')
    if name not in {"processes", "runtime"}:  # who runs is found by other means as well
        refused = up(state.path, "--port", str(free_port()))
        assert_refused(refused, f"{name}.json", f"./portico down --wipe --state '{state.path}'")
    wiped = run("down", "--wipe", "--state", str(state.path))
    assert wiped.exit_code == 0, wiped.output
    assert not state.path.exists()


def test_a_folder_of_a_newer_version(state: StateFolder) -> None:
    state.write("portico", {"version": VERSION + 1})
    assert_refused(up(state.path), "newer")


def test_a_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_refused(up(tmp_path / "file" / "state"), "cannot be made")


def test_nothing_runs(tmp_path: Path) -> None:
    state = str(tmp_path / "none")
    assert run("down", "--state", state).output.startswith("nothing runs on")
    for command in (["status"], ["status", "--json"], ["restart", "envoy"], ["logs"]):
        refused = run(*command, "--state", state)
        assert refused.exit_code == 1
        assert "start one: ./portico up" in refused.stderr or "start a system: ./portico up" in refused.stderr
    assert not (tmp_path / "none").exists(), "asking makes nothing"


def test_a_stop_while_starting_leaves_nothing(state: StateFolder) -> None:
    command = [
        sys.executable,
        "-m",
        "portico_runtime",
        "up",
        "--state",
        str(state.path),
        "--port",
        str(free_port()),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stdout
        assert ": running" in starting.stdout.readline()
        os.kill(starting.pid, signal.SIGTERM)
        out, err = starting.communicate(timeout=60)
    assert starting.returncode == 0
    assert "Traceback" not in err
    assert out.endswith("stopped\n")
    assert run("down", "--state", str(state.path)).output.startswith("nothing runs on")


def test_the_logs_of_one_of_some_of_all(state: StateFolder) -> None:
    for name in ("boxoffice-a1", "boxoffice-b1", "envoy"):
        (state.logs / f"{name}.log").write_text(f"first of {name}\nlast of {name}\n")
    shown = {
        name: run("logs", *name.split(), "--state", str(state.path)).output
        for name in ("", "envoy", "boxoffice")
    }
    assert shown["envoy"] == "first of envoy\nlast of envoy\n"
    assert shown["boxoffice"].count("boxoffice-") == 8  # four lines, each with its process before it
    assert shown[""].count("\n") == 6
    unknown = run("logs", "nobody", "--state", str(state.path))
    assert unknown.exit_code == 1
    assert "there is no log named nobody; there are: boxoffice-a1, boxoffice-b1, envoy" in unknown.stderr


def test_following_a_log(state: StateFolder) -> None:
    log = state.logs / "envoy.log"
    log.write_text("before\n")
    command = [
        sys.executable,
        "-m",
        "portico_runtime",
        "logs",
        "envoy",
        "--follow",
        "--state",
        str(state.path),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        assert following.stdout.readline() == "before\n"
        with log.open("a") as file:
            file.write("half of a ")
            file.flush()
            file.write("line\n")
        assert following.stdout.readline() == "half of a line\n"
        log.write_text("anew\n")  # it was cut, for it was large
        assert following.stdout.readline() == "anew\n"
        following.send_signal(signal.SIGINT)
