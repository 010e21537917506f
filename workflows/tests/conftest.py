"""The machines as they are deployed, and everybody they call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.emulator import Emulator
from workflows.tests.world import World


@pytest.fixture(scope="module")
def shared_world(emulator: Emulator) -> Iterator[World]:
    world = World(emulator)
    yield world
    world.close()


@pytest.fixture
def world(shared_world: World) -> World:
    """Nothing is known of any partner, and nobody answers yet."""
    shared_world.begin()
    return shared_world
