"""Portico, the whole of it. Change a number here and the local processes, Envoy and the AWS stacks follow."""

from __future__ import annotations

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

ONE_A_ZONE = Scaling(per_zone_min=1, per_zone_max=4, cpu_target_percent=60)

SYSTEM = System(
    name="portico",
    zones=("a", "b"),
    groups=("buyer", "organiser", "staff", "administrator"),
    services=(
        Service(
            name="frontend",
            kind=ServiceKind.FRONTEND,
            folder="frontend",
            package="frontend",
            scaling=ONE_A_ZONE,
        ),
        Service(
            name="boxoffice",
            kind=ServiceKind.SERVICE,
            folder="services/boxoffice",
            package="boxoffice",
            scaling=ONE_A_ZONE,
            database="main",
            public_api=True,
        ),
        Service(
            name="accounts",
            kind=ServiceKind.SERVICE,
            folder="services/accounts",
            package="accounts",
            scaling=ONE_A_ZONE,
            public_api=True,
        ),
        Service(
            name="payments",
            kind=ServiceKind.PARTNER,
            folder="partners/payments",
            package="payments",
            scaling=ONE_A_ZONE,
            database="partners",
        ),
        Service(
            name="notifications",
            kind=ServiceKind.PARTNER,
            folder="partners/notifications",
            package="notifications",
            scaling=ONE_A_ZONE,
            database="partners",
        ),
    ),
    databases=(
        Database(name="main", databases=("boxoffice",), replicas=1, synchronous_replicas=1),
        Database(
            name="partners",
            databases=("payments", "notifications"),
            replicas=0,
            synchronous_replicas=0,
            foreign=True,
        ),
    ),
    tables=(
        Table(
            name="events", partition_key="event_id", index_partition_key="listing", index_sort_key="starts_at"
        ),
        Table(name="breakers", partition_key="partner"),
        Table(name="identity", partition_key="pk", sort_key="sk", ttl_attribute="expires_at"),
    ),
    functions=(
        Function(
            name="call_partner",
            folder="functions/call_partner",
            handler="call_partner.handler.handler",
            timeout_s=10,
            memory_mb=256,
            concurrency_max=50,
        ),
    ),
    workflows=(
        Workflow(name="call_partner", express=True, timeout_s=30),
        Workflow(name="checkout", express=False, timeout_s=300),
    ),
    flows=(
        Flow(source="browser", target="edge", purpose="pages and API"),
        Flow(source="edge", target="balancer", purpose="pages"),
        Flow(source="edge", target="gateway", purpose="API"),
        Flow(source="balancer", target="frontend", purpose="pages"),
        Flow(source="frontend", target="gateway", purpose="API calls of server-side rendering"),
        Flow(source="gateway", target="boxoffice", purpose="routes of its OpenAPI document"),
        Flow(source="gateway", target="accounts", purpose="routes of its OpenAPI document"),
        Flow(source="boxoffice", target="main", purpose="inventory, orders, ledger"),
        Flow(source="boxoffice", target="dynamodb", purpose="event documents, revocations"),
        Flow(source="boxoffice", target="stepfunctions", purpose="start and follow checkout"),
        Flow(source="accounts", target="cognito", purpose="users and tokens"),
        Flow(source="accounts", target="dynamodb", purpose="revocations, failed sign-ins"),
        Flow(source="stepfunctions", target="lambda", purpose="call_partner"),
        Flow(source="stepfunctions", target="dynamodb", purpose="breaker rows"),
        Flow(source="call_partner", target="internal", purpose="the saga's steps in our own services"),
        Flow(source="internal", target="boxoffice", purpose="confirm, decline, refund, notified"),
        Flow(source="internal", target="accounts", purpose="contact of a buyer"),
        Flow(source="call_partner", target="payments", purpose="charges, refunds"),
        Flow(source="call_partner", target="notifications", purpose="e-mail"),
        Flow(source="payments", target="partners", purpose="its own data"),
        Flow(source="notifications", target="partners", purpose="its own data"),
        Flow(source="notifications", target="ses", purpose="deliver e-mail"),
    ),
    limits=(
        Limit(name="address", key=LimitKey.ADDRESS, requests=2000, window_s=1, burst=2000),
        Limit(name="subject", key=LimitKey.SUBJECT, requests=50, window_s=1, burst=50),
        Limit(
            name="purchases",
            key=LimitKey.SUBJECT,
            requests=20,
            window_s=1,
            burst=40,
            operations=("createHold", "createOrder"),
        ),
        Limit(
            name="signups", key=LimitKey.ADDRESS, requests=60, window_s=60, burst=60, operations=("signUp",)
        ),
        # Counted by accounts itself: Envoy cannot see before the answer whether a sign-in failed.
        Limit(name="failed_signins", key=LimitKey.ADDRESS, requests=30, window_s=60, burst=30),
    ),
    request_bytes_max=65_536,
)
