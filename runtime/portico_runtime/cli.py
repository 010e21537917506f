"""The command line, `./portico`. What a command needs is imported when it runs, so that `--help` answers at once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder

DEFAULT_PORT = 8080
DETACH_TIMEOUT_S = 900  # the first start installs and builds
STOP_TIMEOUT_S = 90
FOLLOW_PAUSE_S = 0.2
LOG_LINES = 200


def state_option(command: Any) -> Any:  # noqa: ANN401  click's decorators are untyped
    """Add `--state`."""
    return click.option(
        "--state",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(".portico"),
        show_default=True,
        help="Folder of the system's data, secrets and logs.",
    )(command)


def state_at(folder: Path) -> StateFolder:
    """Return the state folder at a path, which may be relative to where the command is run."""
    return StateFolder(folder.expanduser().resolve())


class Commands(click.Group):
    """Shows an operator's failures as one line, and ends with code 1."""

    def invoke(self, context: click.Context) -> Any:  # noqa: ANN401  as click has it
        """Run the command."""
        try:
            return super().invoke(context)
        except OperatorError as problem:
            click.echo(f"portico: {problem}", err=True)
            raise click.exceptions.Exit(1) from None
        except OSError as error:
            if error.errno != 28:  # ENOSPC
                raise
            click.echo("portico: the disk is full; free some space, or use --state on another disk", err=True)
            raise click.exceptions.Exit(1) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Portico: a complete AWS architecture on this machine, selling tickets."""


@main.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65_535), help="Where to serve.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--detach", is_flag=True, help="Return when the system is ready, and leave it running.")
@state_option
def up(port: int, host: str, folder: Path, *, detach: bool) -> None:
    """Start the whole system; Ctrl-C stops it."""
    from portico_runtime.runtime import run_system  # noqa: PLC0415

    state = state_at(folder)
    state.prepare()
    if detach:
        start_detached(state, port=port, host=host)
    else:
        asyncio.run(run_system(state, port=port, host=host))


def start_detached(state: StateFolder, *, port: int, host: str) -> None:
    """Start a runtime of its own and wait until it is ready, showing what it says."""
    if state.is_locked():
        raise OperatorError(f"a system is already running on {state.path}", "stop it with ./portico down")
    log_path = state.logs / "runtime.log"
    command = [sys.executable, "-m", "portico_runtime", "up", "--port", str(port), "--host", host]
    with log_path.open("wb") as log:
        child = subprocess.Popen(  # noqa: S603  ourselves
            [*command, "--state", str(state.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    deadline, shown = time.monotonic() + DETACH_TIMEOUT_S, 0
    while time.monotonic() < deadline:
        shown = show_new(log_path, shown)
        if child.poll() is not None:
            raise click.exceptions.Exit(1)
        if state.file("ready").exists():
            time.sleep(2 * FOLLOW_PAUSE_S)
            time.sleep(0.5)
            show_new(log_path, shown)
            return
        time.sleep(FOLLOW_PAUSE_S)
    child.terminate()
    raise OperatorError(f"not ready after {DETACH_TIMEOUT_S} s", "read why: ./portico logs runtime")


def show_new(path: Path, shown: int) -> int:
    """Print what a file has beyond the first `shown` bytes; return how many there are now."""
    content = path.read_bytes()
    click.echo(content[shown:].decode(errors="replace"), nl=False)
    return len(content)


@main.command()
@click.option("--wipe", is_flag=True, help="Delete the state folder as well: data, secrets, logs.")
@state_option
def down(folder: Path, *, wipe: bool) -> None:
    """Stop a system, or clean up after one that was killed."""
    from portico_runtime.control import ask  # noqa: PLC0415
    from portico_runtime.leftovers import end_leftovers  # noqa: PLC0415

    state = state_at(folder)
    if not state.path.exists():
        click.echo(f"nothing runs on {state.path}")
        return
    if state.is_locked():
        asyncio.run(ask(state, "stop"))
        wait_until_unlocked(state)
        click.echo("stopped")
    elif left := end_leftovers(state, marker_of(state)):
        click.echo(f"ended what was left behind: {', '.join(left)}")
    else:
        click.echo(f"nothing runs on {state.path}")
    if wipe:
        state.wipe()
        click.echo(f"deleted {state.path}")


def marker_of(state: StateFolder) -> str:
    """Return the mark that the processes of a state folder carry."""
    from portico_runtime.layout import marker  # noqa: PLC0415

    return marker(state)


def wait_until_unlocked(state: StateFolder) -> None:
    """Wait for a system to be gone; `OperatorError` if it takes too long."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while state.is_locked():
        if time.monotonic() > deadline:
            raise OperatorError("the system does not stop", "end its runtime with kill -9, then ./portico down again")
        time.sleep(FOLLOW_PAUSE_S)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@state_option
def status(folder: Path, *, as_json: bool) -> None:
    """Show processes, zones, database, breakers and demo accounts."""
    from portico_runtime.control import ask  # noqa: PLC0415

    found = asyncio.run(ask(state_at(folder), "status"))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    from portico_runtime.status_page import render  # noqa: PLC0415

    render(found)


@main.command()
@click.argument("name", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on showing what is added.")
@state_option
def logs(name: str | None, folder: Path, *, follow: bool) -> None:
    """Show the log of one process, or of all."""
    from portico_runtime.log_reader import show_logs  # noqa: PLC0415

    show_logs(state_at(folder), name, follow=follow, lines=LOG_LINES)


@main.command()
def check() -> None:
    """Run linters, types, import walls and tidy."""
    from portico_runtime import development  # noqa: PLC0415

    raise click.exceptions.Exit(development.check())


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run all tests, or those that the pytest ARGUMENTS choose."""
    from portico_runtime import development  # noqa: PLC0415

    raise click.exceptions.Exit(development.test(arguments))
