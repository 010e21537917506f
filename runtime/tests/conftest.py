"""State folders and supervisors, of which no child is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portico_runtime.leftovers import marked
from portico_runtime.state import StateFolder
from runtime.tests.nursery import Nursery


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """An empty state folder whose path has a space."""
    made = StateFolder(tmp_path / "a state")
    made.prepare()
    return made


@pytest.fixture
async def nursery(state: StateFolder) -> AsyncIterator[Nursery]:
    made = Nursery(state)
    yield made
    await made.supervisor.stop_all([list(made.supervisor.processes)])
    for _ in range(500):
        if not marked(made.marker):
            return
        await asyncio.sleep(0.02)  # a killed process is gone a moment later
    pytest.fail(f"left behind: {marked(made.marker)}")
