"""Envoy as edge, gateway and balancers: configured from the topology and the OpenAPI documents."""

from __future__ import annotations

from portico_runtime.envoy.configuration import write_configuration
from portico_runtime.envoy.endpoints import Endpoint, write_endpoints
from portico_runtime.envoy.operations import DocumentError, read_documents
from portico_runtime.envoy.settings import ADDRESS_HEADER, EnvoySettings, envoy_command

__all__ = [
    "ADDRESS_HEADER",
    "DocumentError",
    "Endpoint",
    "EnvoySettings",
    "envoy_command",
    "read_documents",
    "write_configuration",
    "write_endpoints",
]
