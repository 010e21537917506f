"""The one definition of the system. Read `system.py` first; `model.py` says what each word means."""

from portico_topology.model import (
    Database,
    Flow,
    Function,
    Limit,
    LimitKey,
    Scaling,
    Service,
    ServiceKind,
    System,
    Table,
    Workflow,
)
from portico_topology.system import SYSTEM

__all__ = [
    "SYSTEM",
    "Database",
    "Flow",
    "Function",
    "Limit",
    "LimitKey",
    "Scaling",
    "Service",
    "ServiceKind",
    "System",
    "Table",
    "Workflow",
]
