"""The command line, `./portico`. A command imports what it needs when it runs: `--help` answers at once."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from portico_runtime.problems import OperatorError, explained
from portico_runtime.state import StateFolder

DEFAULT_PORT = 8080
DETACH_TIMEOUT_S = 900  # the first start installs and builds
POLL_S = 0.1
PREFIX = "portico: "
LOG_LINES = 200


def state_option(command: Any) -> Any:  # noqa: ANN401  click's decorators are untyped
    """Add `--state`."""
    return click.option(
        "--state",
        "folder",
        type=click.Path(path_type=Path),
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
            click.echo(f"{PREFIX}{problem}", err=True)
            raise click.exceptions.Exit(1) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # click ends quietly when nobody reads any more
            click.echo(f"{PREFIX}{explained(error)}", err=True)
            raise click.exceptions.Exit(1) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Portico: a complete AWS architecture on this machine, selling tickets."""


@main.command()
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65_535), help="Where to serve."
)
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
    state.file("ready").unlink(missing_ok=True)  # of a runtime that was killed
    log_path = state.logs / "runtime.log"
    log_path.write_bytes(b"")
    command = [sys.executable, "-m", "portico_runtime", "up", "--port", str(port), "--host", host]
    with log_path.open("ab") as log:
        child = subprocess.Popen(  # noqa: S603  ourselves
            [*command, "--state", str(state.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        show_until_ready(state, child, log_path)
    except (KeyboardInterrupt, OperatorError):
        child.terminate()
        child.wait()
        raise


def show_until_ready(state: StateFolder, child: subprocess.Popen[bytes], log_path: Path) -> None:
    """Show what a runtime says until it is ready; end with code 1 if it ends before."""
    deadline, shown = time.monotonic() + DETACH_TIMEOUT_S, 0
    while time.monotonic() < deadline:
        ready, ended = state.file("ready").exists(), child.poll() is not None  # asked before the last look
        shown = show_new(log_path, shown)
        if ended:
            raise click.exceptions.Exit(1)
        if ready:
            return
        time.sleep(POLL_S)
    raise OperatorError(f"not ready after {DETACH_TIMEOUT_S} s", "read why: ./portico logs runtime")


def show_new(path: Path, shown: int) -> int:
    """Print the whole lines that a log has beyond the first `shown` bytes; return how many are shown now."""
    added = path.read_bytes()[shown:]
    whole = added[: added.rfind(b"\n") + 1]
    for line in whole.decode(errors="replace").splitlines():
        click.echo(line, err=line.startswith(PREFIX))
    return shown + len(whole)


@main.command()
@click.option("--wipe", is_flag=True, help="Delete the state folder as well: data, secrets, logs.")
@state_option
def down(folder: Path, *, wipe: bool) -> None:
    """Stop a system, or clean up after one that was killed."""
    from portico_runtime.layout import marker  # noqa: PLC0415
    from portico_runtime.leftovers import end_leftovers, stop_runtime  # noqa: PLC0415

    state = state_at(folder)
    if not state.path.exists() or not state.is_ours():
        click.echo(f"nothing runs on {state.path}")
    else:
        if stop_runtime(state):
            click.echo("stopped")
        elif left := end_leftovers(state, marker(state)):
            click.echo(f"ended what was left behind: {', '.join(left)}")
        else:
            click.echo(f"nothing runs on {state.path}")
        end_leftovers(state, marker(state))  # of a runtime that had to be ended by force
    if wipe:
        state.wipe()
        click.echo(f"deleted {state.path}")


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
@click.argument("name")
@state_option
def restart(name: str, folder: Path) -> None:
    """Restart one process in good order; its requests finish first."""
    from portico_runtime.control import ask  # noqa: PLC0415

    made = asyncio.run(ask(state_at(folder), "restart", name=name))
    click.echo(f"{made['name']} runs again (pid {made['pid']})")


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
