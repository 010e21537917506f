"""One Envoy for all tests that change nothing in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from portico_topology import SYSTEM
from runtime.tests.envoy.rig import Rig, echo, running, without


@pytest.fixture(scope="session")
async def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """Without limits, which would couple the tests; in a folder whose name has a space."""
    unlimited = without(SYSTEM, *(limit.name for limit in SYSTEM.limits))
    async with running(tmp_path_factory.mktemp("the edge"), unlimited) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    """The shared Envoy, its upstreams as new."""
    shared_rig.http.cookies.clear()
    for upstream in shared_rig.upstreams.values():
        upstream.answer = echo
        upstream.requests.clear()
    return shared_rig
