"""What `./portico check` and `./portico test` run: every step is a tool from the locked dependencies.

Each step's output is shown as it comes; the first failure does not hide the later ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portico_runtime import node

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("kit", "topology", "runtime", "infra", "services", "partners", "functions", "tests", "conftest.py")
PACKAGES = (
    "portico_kit",
    "portico_topology",
    "portico_runtime",
    "portico_infra",
    "boxoffice",
    "accounts",
    "payments",
    "notifications",
    "call_partner",
)


@dataclass(frozen=True)
class Step:
    """One check: what it is called, the command, and the folder it runs in."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT


def check() -> int:
    """Run linters, types, import walls and tidy over Python and the frontend; 0 if all pass."""
    types = [argument for package in PACKAGES for argument in ("--package", package)]
    python_steps = (
        Step("ruff", (tool("ruff"), "check", *SOURCES)),
        Step("ruff format", (tool("ruff"), "format", "--check", "--quiet", *SOURCES)),
        Step("mypy", (tool("mypy"), *types)),
        Step("import walls", (tool("lint-imports"),)),
        Step("tidy", (sys.executable, "-m", "pytest", "-q", "tests/test_tidy.py")),
    )
    frontend_steps = tuple(
        Step(f"frontend {name}", node.npm("run", name), node.FRONTEND) for name in ("check", "lint")
    )
    node.install(node.FRONTEND)
    return run_all((*python_steps, *frontend_steps))


def test(arguments: Sequence[str]) -> int:
    """Run every test, or those that the pytest arguments choose; 0 if all pass."""
    pytest = Step("pytest", (sys.executable, "-m", "pytest", *arguments))
    if arguments:
        return run_all((pytest,))
    node.install(node.FRONTEND)
    return run_all((Step("frontend units", node.npm("run", "test"), node.FRONTEND), pytest))


def run_all(steps: Sequence[Step]) -> int:
    """Run the steps in order, say what failed at the end, and return 1 if anything did."""
    failed = [step.name for step in steps if not run(step)]
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def run(step: Step) -> bool:
    """Run one step with its output passed through."""
    say(f"{step.name} …")
    started = time.monotonic()
    environment = node.environment(os.environ)
    finished = subprocess.run(step.command, cwd=step.folder, env=environment, check=False)  # noqa: S603
    passed = finished.returncode == 0
    say(f"{step.name}: {'ok' if passed else 'FAILED'} ({time.monotonic() - started:.0f} s)")
    return passed


def tool(name: str) -> str:
    """Path of a command of the virtual environment."""
    return str(Path(sys.executable).with_name(name))


def say(text: str) -> None:
    """Mark our own lines among the tools' output."""
    print(f"portico: {text}", flush=True)  # noqa: T201
