"""The committed OpenAPI document is the one that the service has."""

from __future__ import annotations

from pathlib import Path

import orjson

from boxoffice.app import describe

COMMITTED = Path(__file__).parents[1] / "openapi.json"
OPERATIONS = {
    "listEvents": None,
    "getEvent": None,
    "listSeats": None,
    "createHold": "bearer",
    "getHold": "bearer",
    "deleteHold": "bearer",
    "createOrder": "bearer",
    "getOrder": "bearer",
    "listOrders": "bearer",
    "listTickets": "bearer",
    "confirmOrder": "internal",
    "declineOrder": "internal",
    "refundOrder": "internal",
    "reversalChecked": "internal",
    "orderNotified": "internal",
}


def test_the_committed_document_is_current() -> None:
    current = orjson.loads(orjson.dumps(describe()))
    assert orjson.loads(COMMITTED.read_bytes()) == current, "run: python -m boxoffice openapi > openapi.json"


def test_operations_need_the_tokens_that_they_should() -> None:
    operations = [operation for item in describe()["paths"].values() for operation in item.values()]
    security = {
        operation["operationId"]: next(iter(operation["security"][0])) if "security" in operation else None
        for operation in operations
    }
    assert security == OPERATIONS


def test_internal_operations_are_tagged_and_nothing_else_is() -> None:
    for path, item in describe()["paths"].items():
        for operation in item.values():
            assert path.startswith("/internal/") == ("internal" in operation["tags"])
