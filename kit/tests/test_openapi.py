"""The OpenAPI document describes our refusals, our security scheme, and not what balancers ask."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, FastAPI

from portico_kit.auth import CurrentSubject, InternalCaller
from portico_kit.idempotency import IdempotencyKey


def test_the_document_keeps_our_conventions(make_service: Callable[..., FastAPI]) -> None:
    router = APIRouter()

    @router.post("/orders", operation_id="createOrder")
    async def create(subject: CurrentSubject, key: IdempotencyKey) -> str:
        return subject.id + key

    @router.post("/internal/orders", operation_id="confirmOrder")
    async def confirm(_caller: InternalCaller, quantity: int) -> int:
        return quantity

    @router.get("/events", operation_id="listEvents")
    async def events() -> list[str]:
        return []

    document = make_service(router).openapi()
    assert set(document["paths"]) == {"/orders", "/internal/orders", "/events"}
    create_order = document["paths"]["/orders"]["post"]
    assert create_order["security"] == [{"bearer": []}]
    assert [parameter["name"] for parameter in create_order["parameters"]] == ["Idempotency-Key"]
    assert "security" not in document["paths"]["/events"]["get"]
    assert document["components"]["securitySchemes"]["bearer"] == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    }
    assert set(document["components"]["schemas"]) == {"FieldError", "ProblemDocument"}
    for item in document["paths"].values():
        for operation in item.values():
            assert set(operation["responses"]) == {"200", "default"}
            assert set(operation["responses"]["default"]["content"]) == {"application/problem+json"}
