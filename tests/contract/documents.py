"""The committed OpenAPI documents as a checker of real answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    "services/boxoffice/openapi.json",
    "services/accounts/openapi.json",
    "partners/payments/openapi.json",
    "partners/notifications/openapi.json",
)


class ContractError(AssertionError):
    """An answer is not what the committed document says."""


@dataclass(frozen=True)
class Operation:
    """One documented operation and the document it stands in."""

    document: dict[str, Any]
    method: str
    template: str
    definition: dict[str, Any]

    def matches(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", self.template)
        return self.method == method.lower() and re.fullmatch(pattern, path) is not None

    def schema(self, status: int, content_type: str) -> dict[str, Any] | None:
        """Schema of the answer; None if it is documented to have no such body."""
        responses = self.definition["responses"]
        documented = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
        if documented is None:
            raise ContractError(f"{self.method} {self.template} answered {status}, which is not documented")
        content = documented.get("content", {})
        schema: dict[str, Any] | None = content.get(content_type, {}).get("schema")
        return schema


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation of every committed document."""
    loaded = [json.loads((ROOT / name).read_text()) for name in DOCUMENTS]
    return tuple(
        Operation(document, method, template, definition)
        for document in loaded
        for template, item in document["paths"].items()
        for method, definition in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    )


def find(method: str, path: str) -> Operation | None:
    """Find the documented operation that a request addresses; literal paths win over templates."""
    found = [operation for operation in operations() if operation.matches(method, path)]
    return min(found, key=lambda operation: operation.template.count("{"), default=None)


def check_answer(method: str, path: str, status: int, content_type: str, body: bytes) -> None:
    """Raise `ContractError` unless the document allows this answer."""
    operation = find(method, path)
    if operation is None:
        if status not in {404, 405}:
            raise ContractError(f"{method} {path} is not documented and answered {status}")
        return
    if status == 304:
        return
    schema = operation.schema(status, content_type.split(";", maxsplit=1)[0].strip())
    if schema is None:
        if body:
            raise ContractError(f"{method} {path} answered {status} with an undocumented {content_type} body")
        return
    validator = Draft202012Validator({**schema, "components": operation.document["components"]})
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(body))]
    if errors:
        raise ContractError(f"{method} {path} answered {status}: {errors[:3]}")
