"""The operations of the services, read from their OpenAPI documents: all that the gateway knows of an API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_topology import System

ROOT = Path(__file__).resolve().parents[3]
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
PUBLIC_PREFIX = "/api/"
INTERNAL_PREFIX = "/internal/"
INTERNAL_TAG = "internal"
PARAMETER = re.compile(r"\{[^{}]+\}")
ANY_SEGMENT = "[^/;]+"
CANONICAL_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Document = Mapping[str, Any]


class DocumentError(ValueError):
    """An OpenAPI document says something that must not become a route."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path. `cache_pattern` matches its canonical addresses, if those may be cached."""

    id: str
    service: str
    method: str
    template: str
    internal: bool
    needs_token: bool
    cache_pattern: str | None

    @property
    def is_literal(self) -> bool:
        """Whether its path has no parameter."""
        return PARAMETER.search(self.template) is None

    @property
    def pattern(self) -> str:
        """A regular expression (RE2) for the path; a parameter is one segment without matrix parameters."""
        return _pattern(self.template, ANY_SEGMENT)


def read_documents(system: System, root: Path = ROOT) -> dict[str, Document]:
    """Return the committed OpenAPI document of each service with a public API, by service name."""
    services = (service for service in system.services if service.public_api)
    return {
        service.name: json.loads((root / service.folder / "openapi.json").read_text()) for service in services
    }


def read_operations(documents: Mapping[str, Document]) -> list[Operation]:
    """Return every operation of the documents: those with literal paths first, for they win."""
    found = [
        _operation(service, template, method, definition)
        for service, document in documents.items()
        for template, path_item in document["paths"].items()
        for method, definition in _methods(path_item)
    ]
    _refuse_conflicts(found)
    return sorted(
        found, key=lambda operation: (not operation.is_literal, operation.template, operation.method)
    )


def _methods(path_item: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    shared = path_item.get("parameters", [])
    for method in METHODS:
        if method in path_item:
            definition = path_item[method]
            yield method, {**definition, "parameters": [*shared, *definition.get("parameters", [])]}


def _operation(service: str, template: str, method: str, definition: Mapping[str, Any]) -> Operation:
    internal = INTERNAL_TAG in definition.get("tags", [])
    if not template.startswith(INTERNAL_PREFIX if internal else PUBLIC_PREFIX):
        raise DocumentError(
            f"{method} {template} of {service}: public operations live under {PUBLIC_PREFIX}, "
            f"those with the tag {INTERNAL_TAG!r} under {INTERNAL_PREFIX}"
        )
    needs_token = bool(definition.get("security"))
    cacheable = method == "get" and not internal and not needs_token
    return Operation(
        id=definition["operationId"],
        service=service,
        method=method.upper(),
        template=template,
        internal=internal,
        needs_token=needs_token,
        cache_pattern=_cache_pattern(template, definition["parameters"]) if cacheable else None,
    )


def _cache_pattern(template: str, parameters: list[Mapping[str, Any]]) -> str | None:
    """Return the expression of the one spelling of each address that may be cached, or None.

    The cache never evicts, so what can be invented at will (queries, capitals, escapes) must not become a
    key: only lower-case UUIDs are parameters, and there is no query. A UUID that names nothing is answered
    with an error, which is never kept.
    """
    uuids = {
        f"{{{parameter['name']}}}"
        for parameter in parameters
        if parameter["in"] == "path" and parameter.get("schema", {}).get("format") == "uuid"
    }
    return _pattern(template, CANONICAL_UUID) if uuids >= set(PARAMETER.findall(template)) else None


def _pattern(template: str, parameter: str) -> str:
    return parameter.join(re.escape(literal) for literal in PARAMETER.split(template))


def _refuse_conflicts(operations: list[Operation]) -> None:
    seen: dict[tuple[str, str], Operation] = {}
    for operation in operations:
        other = seen.setdefault((operation.method, operation.pattern), operation)
        if other is not operation:
            raise DocumentError(f"{operation.id} and {other.id} claim the same method and path")
