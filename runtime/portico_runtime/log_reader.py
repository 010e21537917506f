"""`./portico logs`: the end of one log or of all, and what is added to them."""

from __future__ import annotations

import time
from pathlib import Path

import click

from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder

PAUSE_S = 0.3


def show_logs(state: StateFolder, name: str | None, *, follow: bool, lines: int) -> None:
    """Print the last lines of each log, then go on if asked to."""
    paths = chosen(state, name)
    prefix = len(paths) > 1
    positions = {path: show_end(path, lines, prefix=prefix) for path in paths}
    while follow:
        time.sleep(PAUSE_S)
        for path in paths:
            positions[path] = show_added(path, positions[path], prefix=prefix)


def chosen(state: StateFolder, name: str | None) -> list[Path]:
    """Return the logs to show; `OperatorError` if there is none of that name."""
    paths = sorted(state.logs.glob("*.log"))
    if not paths:
        raise OperatorError(f"there are no logs in {state.path}", "start a system: ./portico up")
    if name is None:
        return paths
    wanted = [path for path in paths if path.stem == name or path.stem.startswith(f"{name}-")]
    if not wanted:
        known = ", ".join(path.stem for path in paths)
        raise OperatorError(f"there is no log named {name}", f"there are: {known}")
    return wanted


def show_end(path: Path, lines: int, *, prefix: bool) -> int:
    """Print the last lines of a file; return where it ends."""
    content = path.read_bytes()
    for line in content.decode(errors="replace").splitlines()[-lines:]:
        show(path, line, prefix=prefix)
    return len(content)


def show_added(path: Path, position: int, *, prefix: bool) -> int:
    """Print what was added behind a position; return where the file ends. A file that was cut begins anew."""
    size = path.stat().st_size
    if size < position:
        position = 0
    with path.open("rb") as log:
        log.seek(position)
        added = log.read()
    whole, _, _rest = added.rpartition(b"\n")
    for line in whole.decode(errors="replace").splitlines():
        show(path, line, prefix=prefix)
    return position + len(whole) + (1 if whole else 0)


def show(path: Path, line: str, *, prefix: bool) -> None:
    """Print one line, with its process's name if there are several."""
    click.echo(f"{path.stem:<18} {line}" if prefix else line)
