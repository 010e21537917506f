"""A supervisor over tiny children: Python one-liners that are ready when they have printed so."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portico_runtime.processes import ManagedProcess, ProcessSpec
from portico_runtime.state import StateFolder
from portico_runtime.supervisor import Supervisor

READY_LINE = "ready"


@dataclass
class Nursery:
    """A supervisor, what it told its observers, and a maker of specs for Python one-liners."""

    state: StateFolder
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)
    on_change: Callable[[ManagedProcess], None] | None = None

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.state, self.marker, self._observe, self._change)

    def spec(self, name: str, code: str, **options: Any) -> ProcessSpec:
        """Return a child that runs Python; it is ready when it has printed "ready"."""
        log = self.state.logs / f"{name}.log"

        async def ready() -> bool:
            process = self.supervisor.processes[name]
            return log.exists() and f"{READY_LINE} {process.pid}\n" in log.read_text()

        says_so = f"def ready(): print('{READY_LINE}', os.getpid(), flush=True)\n"
        return ProcessSpec(
            name=name,
            service=options.pop("service", "example"),
            zone="a",
            command=[sys.executable, "-c", f"import os, signal, subprocess, sys, time\n{says_so}{code}"],
            environment={},
            ready=ready,
            **options,
        )

    def process(self, name: str) -> ManagedProcess:
        return self.supervisor.processes[name]

    def _observe(self, name: str, progress: str, detail: str) -> None:
        self.told.append((name, progress, detail))

    def _change(self, process: ManagedProcess) -> None:
        self.changes.append((process.spec.name, process.state.value))
        if self.on_change is not None:
            self.on_change(process)
