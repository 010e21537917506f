"""What `up` shows while a system starts: a live board on a terminal, a line a change elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from portico_runtime.supervisor import Progress

MARKS: dict[Progress, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("◌", "yellow"),
    "done": ("●", "green"),
    "failed": ("✕", "red"),
    "restarting": ("↻", "magenta"),
}


@dataclass
class Row:
    """One step as it stands."""

    progress: Progress
    detail: str
    since: float = field(default_factory=time.monotonic)


class Board:
    """Hears of progress and shows it."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self._rows: dict[str, Row] = {}
        self._started = time.monotonic()
        self._is_live = False

    def say(self, text: str, style: str = "") -> None:
        """Print a line as it is, however long."""
        with contextlib.suppress(OSError):  # a full disk, a reader that left: the system runs on
            self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
            self.console.file.flush()

    def observe(self, name: str, progress: Progress, detail: str) -> None:
        """Take note of a change."""
        self._rows[name] = Row(progress, detail)
        if not self._is_live and progress != "waiting":
            elapsed = time.monotonic() - self._started
            self.say(f"{elapsed:6.1f} s  {name}: {progress}{f' ({detail})' if detail else ''}")

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show the board until the context ends; without a terminal, lines are shown instead."""
        if not self.console.is_terminal:
            yield
            return
        self._is_live = True
        try:
            with Live(get_renderable=self.render, console=self.console, refresh_per_second=8, transient=True):
                yield
        finally:
            self._is_live = False

    def render(self) -> Group:
        """Return the board."""
        table = Table.grid(padding=(0, 2))
        names = list(self._rows)
        half = (len(names) + 1) // 2
        for left, right in zip(names[:half], [*names[half:], ""], strict=False):
            table.add_row(*self._cells(left), *(self._cells(right) if right else ("", "", "")))
        done = sum(row.progress == "done" for row in self._rows.values())
        title = Text(
            f"Portico is starting: {done} of {len(names)}, {time.monotonic() - self._started:.0f} s",
            style="bold",
        )
        return Group(title, table)

    def _cells(self, name: str) -> tuple[Text, Text, Text]:
        row = self._rows[name]
        mark, style = MARKS[row.progress]
        detail = row.detail
        if row.progress == "waiting" and detail:
            detail = f"waits for {detail}"
        if row.progress == "running":
            detail = f"{time.monotonic() - row.since:.0f} s"
        return Text(mark, style=style), Text(name), Text(detail[:40], style="dim")
