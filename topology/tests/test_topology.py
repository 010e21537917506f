from __future__ import annotations

import dataclasses

import pytest

from portico_topology import SYSTEM, Flow
from portico_topology.model import TopologyError


def test_a_flow_to_something_undefined_is_refused() -> None:
    stray = Flow(source="boxoffice", target="warehouse", purpose="none")
    with pytest.raises(TopologyError, match="warehouse"):
        dataclasses.replace(SYSTEM, flows=(*SYSTEM.flows, stray))


def test_a_single_zone_is_refused() -> None:
    with pytest.raises(TopologyError, match="two zones"):
        dataclasses.replace(SYSTEM, zones=("a",))


def test_names_are_unique_within_their_kind() -> None:
    for group in (
        SYSTEM.services,
        SYSTEM.databases,
        SYSTEM.tables,
        SYSTEM.functions,
        SYSTEM.workflows,
        SYSTEM.limits,
    ):
        names = [part.name for part in group]
        assert len(names) == len(set(names))


def test_every_service_stands_in_every_zone() -> None:
    assert all(service.scaling.per_zone_min >= 1 for service in SYSTEM.services)


def test_partners_are_reached_by_the_caller_function_alone() -> None:
    callers = {flow.source for flow in SYSTEM.flows if flow.target in {"payments", "notifications"}}
    assert callers == {"call_partner"}


def test_the_partners_database_is_not_ours() -> None:
    readers = {flow.source for flow in SYSTEM.flows if flow.target == "partners"}
    assert readers == {"payments", "notifications"}
