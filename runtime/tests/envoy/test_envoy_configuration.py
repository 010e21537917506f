"""The configuration is valid for the real Envoy, and documents that must not become routes are refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from portico_runtime.envoy import (
    DocumentError,
    Endpoint,
    EnvoySettings,
    envoy_command,
    read_documents,
    write_configuration,
    write_endpoints,
)
from portico_runtime.envoy.operations import read_operations
from portico_topology import SYSTEM
from runtime.tests.envoy.rig import DOCUMENTS, document


@pytest.fixture
def settings(tmp_path: Path) -> EnvoySettings:
    return EnvoySettings(
        folder=tmp_path / "a folder",
        edge_port=1,
        gateway_port=2,
        internal_port=3,
        partner_ports={"payments": 4, "notifications": 5},
        admin_port=6,
        token_issuer="https://issuer.example/pool",
        token_client_id="client",
        jwks_url="http://localhost:1/jwks.json",
    )


async def validate(settings: EnvoySettings) -> tuple[int | None, str]:
    """Exit status and words of Envoy, asked whether it would start."""
    command = [*envoy_command(settings), "--mode", "validate"]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, words = await process.communicate()
    return process.returncode, words.decode()


async def test_envoy_accepts_what_is_written_for_the_committed_documents(settings: EnvoySettings) -> None:
    assert write_configuration(SYSTEM, settings) == settings.configuration_path
    status, words = await validate(settings)
    assert status == 0, words
    assert "Deprecated" not in words


async def test_envoy_refuses_what_is_broken(settings: EnvoySettings) -> None:
    """The control of the test above."""
    path = write_configuration(SYSTEM, settings)
    path.write_text(path.read_text().replace('"merge_slashes"', '"merge_slashs"'))
    status, words = await validate(settings)
    assert status != 0
    assert "merge_slashs" in words


def test_every_committed_operation_is_routed_once_and_as_its_document_says() -> None:
    documents = read_documents(SYSTEM)
    described = {
        item["operationId"]: ("internal" in item.get("tags", []), bool(item.get("security")))
        for service in documents.values()
        for path_item in service["paths"].values()
        for item in path_item.values()
    }
    operations = read_operations(documents)
    assert {o.id: (o.internal, o.needs_token) for o in operations} == described
    assert len(operations) == len(described)


def test_the_operations_that_limits_name_exist() -> None:
    known = {operation.id for operation in read_operations(read_documents(SYSTEM))}
    assert {name for limit in SYSTEM.limits for name in limit.operations} <= known


BAD_PATHS: dict[str, dict[str, dict[str, Any]]] = {
    "a public operation outside of the API": {"/admin": {"get": {"operationId": "admin"}}},
    "an internal path without the tag": {"/internal/x": {"get": {"operationId": "x"}}},
    "an internal operation on a public path": {"/api/x": {"get": {"operationId": "x", "tags": ["internal"]}}},
    "two operations with one path": {
        "/api/x/{a}": {"get": {"operationId": "x"}},
        "/api/x/{b}": {"get": {"operationId": "y"}},
    },
}


@pytest.mark.parametrize("paths", BAD_PATHS.values(), ids=BAD_PATHS)
def test_a_document_that_must_not_become_routes_is_refused(
    paths: dict[str, Any], settings: EnvoySettings
) -> None:
    with pytest.raises(DocumentError):
        write_configuration(SYSTEM, settings, {**DOCUMENTS, "accounts": {"paths": paths}})
    assert not settings.configuration_path.exists()


def test_a_literal_path_wins_over_a_template() -> None:
    paths = {
        "/api/events/{event_id}": {"get": ("getEvent", False)},
        "/api/events/next": {"get": ("next", False)},
    }
    assert [operation.id for operation in read_operations({"boxoffice": document(paths)})] == [
        "next",
        "getEvent",
    ]


def test_only_addresses_that_cannot_be_invented_may_be_cached() -> None:
    patterns = {operation.id: operation.cache_pattern for operation in read_operations(DOCUMENTS)}
    assert {name for name, pattern in patterns.items() if pattern} == {"listEvents", "getEvent", "listSeats"}
    free_text = {"/api/search/{words}": {"get": {"operationId": "search", "parameters": []}}}
    (search,) = read_operations({"boxoffice": {"paths": free_text}})
    assert search.cache_pattern is None


def test_endpoints_are_written_by_zone_and_never_half(settings: EnvoySettings) -> None:
    instances = [
        Endpoint(host="127.0.0.1", port=11, zone="b"),
        Endpoint(host="127.0.0.1", port=12, zone="a", draining=True),
        Endpoint(host="127.0.0.1", port=13, zone="b"),
    ]
    path = write_endpoints(settings, "boxoffice", instances)
    (assignment,) = json.loads(path.read_text())["resources"]
    zones = [
        (locality["locality"]["zone"], [endpoint["health_status"] for endpoint in locality["lb_endpoints"]])
        for locality in assignment["endpoints"]
    ]
    assert zones == [("a", ["DRAINING"]), ("b", ["UNKNOWN", "UNKNOWN"])]
    assert [file.name for file in path.parent.iterdir()] == ["boxoffice.json"]


def test_endpoints_that_are_there_survive_a_new_configuration(settings: EnvoySettings) -> None:
    path = write_endpoints(settings, "boxoffice", [Endpoint(host="127.0.0.1", port=11, zone="a")])
    before = path.read_text()
    write_configuration(SYSTEM, settings, DOCUMENTS)
    assert path.read_text() == before
    assert settings.endpoints_path("payments").exists()
