from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

from portico_runtime.emulator.provision import Resources
from portico_runtime.environment import Environments
from portico_runtime.layout import Layout, make_layout
from portico_runtime.local_system import LocalSystem
from portico_runtime.state import StateFolder
from portico_topology import SYSTEM, ServiceKind

EDGE_PORT = 18_080
RESOURCES = Resources(
    user_pool_id="pool",
    client_id="client",
    issuer="https://issuer.example/pool",
    jwks_url="http://127.0.0.1:1/keys",
    tables={table.name: f"portico-{table.name}" for table in SYSTEM.tables},
    call_partner_arn="arn:call",
    checkout_arn="arn:checkout",
    function_name="function",
)


def layout(state: StateFolder) -> Layout:
    return make_layout(state, port=EDGE_PORT, host="127.0.0.1")


def environments(state: StateFolder) -> Environments:
    made = layout(state)
    return Environments(
        system=SYSTEM,
        secrets=made.secrets,
        addresses=made.addresses,
        main=made.main,
        partners=made.partners,
        resources=RESOURCES,
    )


def test_everything_of_the_topology_has_its_place_and_its_own_port(state: StateFolder) -> None:
    made = layout(state)
    names = {instance.name for instance in made.instances()}
    assert names == {f"{service.name}-{zone}1" for service in SYSTEM.services for zone in SYSTEM.zones}
    assert [(node.name, made.zone_of(node)) for node in made.main] == [("main-a", "a"), ("main-b", "b")]
    assert made.zone_of(made.partners) is None
    ports = [instance.port for instance in made.instances()] + [
        node.port for node in (*made.main, made.partners)
    ]
    ports += [
        made.control_port,
        made.envoy.gateway_port,
        made.envoy.internal_port,
        made.envoy.admin_port,
        EDGE_PORT,
    ]
    assert len(set(ports)) == len(ports)


def test_a_second_start_finds_everything_where_it_was(state: StateFolder) -> None:
    assert layout(state).addresses == layout(state).addresses
    assert layout(state).instances() == layout(state).instances()


def test_the_gateway_trusts_tokens_of_our_pool_and_our_client_alone(state: StateFolder) -> None:
    settings = layout(state).envoy_for(RESOURCES)
    assert (settings.token_issuer, settings.token_client_id) == (RESOURCES.issuer, RESOURCES.client_id)


def test_the_box_office_knows_both_database_hosts(state: StateFolder) -> None:
    made = environments(state).service("boxoffice", instance="boxoffice-a1", zone="a", port=1)
    primary, replica = made["DATABASE_URL"], made["DATABASE_REPLICA_URL"]
    assert primary.endswith("/boxoffice?target_session_attrs=primary")
    assert replica.endswith("/boxoffice?target_session_attrs=prefer-standby")
    assert len(urlsplit(primary).netloc.split(",")) == 2


def test_partners_know_nothing_of_ours(state: StateFolder) -> None:
    everything = environments(state)
    secrets = everything.secrets
    ours = {
        secrets.internal_token,
        secrets.ticket_signing_key,
        secrets.boxoffice_password,
        secrets.database_password,
    }
    for service in SYSTEM.services:
        if service.kind is ServiceKind.PARTNER:
            made = everything.service(service.name, instance="one", zone="a", port=1)
            assert not any(secret in value for secret in ours for value in made.values())


def test_only_the_seed_of_accounts_knows_the_demo_passwords(state: StateFolder) -> None:
    everything = environments(state)
    assert "DEMO_ACCOUNTS" in everything.seed("accounts")
    assert "DEMO_ACCOUNTS" not in everything.service("accounts", instance="accounts-a1", zone="a", port=1)
    assert "DEMO_ACCOUNTS" not in everything.seed("boxoffice")


def test_migrations_need_the_database_alone(state: StateFolder) -> None:
    before_the_stacks = dataclasses.replace(environments(state), resources=None)
    for service in ("boxoffice", "payments", "notifications"):
        assert before_the_stacks.migration(service)["DATABASE_URL"].startswith(f"postgresql://{service}:")


def test_every_step_needs_steps_that_exist_and_none_waits_in_a_circle(state: StateFolder) -> None:
    steps = LocalSystem(layout(state), lambda *_: None).steps()
    waiting = {step.name: set(step.needs) for step in steps}
    assert len(waiting) == len(steps)
    while waiting:
        possible = [name for name, needs in waiting.items() if not needs & waiting.keys()]
        assert possible, f"these wait for each other: {waiting}"
        for name in possible:
            assert waiting[name] <= {step.name for step in steps}
            del waiting[name]


def test_every_service_waits_for_the_database_that_the_topology_gives_it(state: StateFolder) -> None:
    needs = {step.name: step.needs for step in LocalSystem(layout(state), lambda *_: None).steps()}
    for service in SYSTEM.services:
        migrated = f"{service.name} migrate" in needs[f"{service.name}-a1"]
        assert migrated == (service.database is not None)
