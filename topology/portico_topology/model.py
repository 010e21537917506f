"""The vocabulary of the topology: plain frozen records, checked when the system is built."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ServiceKind(StrEnum):
    """Where a service stands in the architecture, which decides what it becomes on AWS."""

    FRONTEND = "frontend"  # Node on ECS Fargate
    SERVICE = "service"  # Python on EKS
    PARTNER = "partner"  # a foreign company's Python on ECS Fargate, in its own VPC


class LimitKey(StrEnum):
    """What a rate limit counts by."""

    ADDRESS = "address"
    SUBJECT = "subject"


class TopologyError(ValueError):
    """The definition contradicts itself."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Target tracking: instances in each zone, and the average CPU that the scaler holds."""

    per_zone_min: int
    per_zone_max: int
    cpu_target_percent: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """A deployable that answers HTTP. `folder` is its place in the repository, `package` its import name."""

    name: str
    kind: ServiceKind
    folder: str
    package: str
    scaling: Scaling
    database: str | None = None
    public_api: bool = False  # its OpenAPI document becomes gateway routes


@dataclass(frozen=True, kw_only=True)
class Database:
    """A PostgreSQL cluster. `replicas` are streaming standbys, the first ones synchronous."""

    name: str
    databases: tuple[str, ...]
    replicas: int
    synchronous_replicas: int
    foreign: bool = False  # belongs to the partners: outside our zones


@dataclass(frozen=True, kw_only=True)
class Table:
    """A DynamoDB table, on demand. Key attributes are strings; `ttl_attribute` holds epoch seconds."""

    name: str
    partition_key: str
    sort_key: str | None = None
    ttl_attribute: str | None = None
    index_partition_key: str | None = None  # of the one global secondary index, named "listing"
    index_sort_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Lambda function."""

    name: str
    folder: str
    handler: str
    timeout_s: int
    memory_mb: int
    concurrency_max: int


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A Step Functions state machine; the definition is `workflows/<name>.asl.json`."""

    name: str
    express: bool
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Who may open a connection to whom. What is not declared is not open."""

    source: str
    target: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A token bucket at the gateway: `requests` every `window_s`, with room for `burst` at once.

    `operations` are OpenAPI operation ids; empty means every request.
    """

    name: str
    key: LimitKey
    requests: int
    window_s: int
    burst: int
    operations: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class System:
    """Everything, and the only place where it is said."""

    name: str
    zones: tuple[str, ...]
    services: tuple[Service, ...]
    databases: tuple[Database, ...]
    tables: tuple[Table, ...]
    functions: tuple[Function, ...]
    workflows: tuple[Workflow, ...]
    flows: tuple[Flow, ...]
    limits: tuple[Limit, ...]
    request_bytes_max: int
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.zones) < 2:
            raise TopologyError("at least two zones are needed, or losing one loses everything")
        names = {*self.nodes()}
        for flow in self.flows:
            if unknown := {flow.source, flow.target} - names:
                listed = ", ".join(sorted(unknown))
                raise TopologyError(
                    f"flow {flow.source} -> {flow.target} names {listed}, which is not defined"
                )

    def nodes(self) -> tuple[str, ...]:
        """Every name that a flow may use: services, stores, functions, and the fixed parts."""
        parts = (self.services, self.databases, self.functions, self.workflows)
        return (*FIXED_NODES, *(part.name for group in parts for part in group))

    def service(self, name: str) -> Service:
        """The service of that name; `KeyError` if there is none."""
        return {service.name: service for service in self.services}[name]

    def table(self, name: str) -> Table:
        """The table of that name; `KeyError` if there is none."""
        return {table.name: table for table in self.tables}[name]

    def limit(self, name: str) -> Limit:
        """The limit of that name; `KeyError` if there is none."""
        return {limit.name: limit for limit in self.limits}[name]


FIXED_NODES = (
    "browser",
    "edge",
    "balancer",
    "gateway",
    "internal",
    "dynamodb",
    "cognito",
    "stepfunctions",
    "lambda",
    "ses",
)
