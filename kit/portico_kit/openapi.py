"""Our conventions in the OpenAPI document: refusals are problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from portico_kit.errors import CONTENT_TYPE

REFERENCE = "#/components/schemas/{model}"
FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


class FieldError(BaseModel):
    """One wrong value; `location` is its path in the request."""

    location: str
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details; `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    correlation_id: str | None = None
    detail: str | None = None
    errors: list[FieldError] = Field(default_factory=list)


class DescribedApi(FastAPI):
    """FastAPI, whose document describes our refusals instead of its own form of them."""

    def openapi(self) -> dict[str, Any]:
        """Return the document of every public and internal operation."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in FRAMEWORK_SCHEMAS:
            schemas.pop(name, None)
        ours = ProblemDocument.model_json_schema(ref_template=REFERENCE)
        schemas |= ours.pop("$defs", {}) | {"ProblemDocument": ours}
        for item in document["paths"].values():
            for operation in item.values():
                describe_refusals(operation["responses"])
        return document


def describe_refusals(responses: dict[str, Any]) -> None:
    """Replace FastAPI's 422 by one default answer, the problem document."""
    responses.pop("422", None)
    reference = {"$ref": REFERENCE.format(model="ProblemDocument")}
    responses["default"] = {"description": "Problem", "content": {CONTENT_TYPE: {"schema": reference}}}
