"""The stacks in the emulator: made once, left alone, updated, and refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portico_runtime.emulator import provision as provisioning
from portico_runtime.emulator.provision import (
    STACKS,
    Account,
    ProvisionError,
    archive,
    compact,
    deploy_stack,
    describe,
)
from portico_runtime.emulator.synthesis import templates
from portico_topology import SYSTEM
from tests.fixtures.emulator import Emulator

HERE = "http://127.0.0.1:4001"
ELSEWHERE = "http://127.0.0.1:4002"
UNKNOWN_STACK = json.dumps({"Resources": {"Rocket": {"Type": "AWS::Space::Rocket", "Properties": {}}}})


@pytest.fixture
def account(emulator: Emulator) -> Account:
    return Account(emulator.url, emulator.credentials)


async def test_the_stacks_make_what_the_topology_names(emulator: Emulator, account: Account) -> None:
    resources = await emulator.stacks(payments_url=HERE)
    assert resources.tables == {table.name: f"{SYSTEM.name}-{table.name}" for table in SYSTEM.tables}
    assert set(resources.tables.values()) <= set(account.client("dynamodb").list_tables()["TableNames"])
    groups = account.client("cognito-idp").list_groups(UserPoolId=resources.user_pool_id)["Groups"]
    assert {group["GroupName"] for group in groups} == set(SYSTEM.groups)
    machines = account.client("stepfunctions").list_state_machines()["stateMachines"]
    ours = {resources.call_partner_arn, resources.checkout_arn}
    assert ours <= {machine["stateMachineArn"] for machine in machines}
    assert resources.issuer.endswith(resources.user_pool_id)


async def test_what_the_emulator_drops_of_a_table_is_set_by_api(emulator: Emulator, account: Account) -> None:
    resources = await emulator.stacks(payments_url=HERE)
    dynamodb = account.client("dynamodb")
    for table in (table for table in SYSTEM.tables if table.ttl_attribute):
        described = dynamodb.describe_time_to_live(TableName=resources.tables[table.name])
        assert described["TimeToLiveDescription"]["AttributeName"] == table.ttl_attribute


def variables(account: Account, function: str) -> dict[str, str]:
    configured = account.client("lambda").get_function_configuration(FunctionName=function)
    values: dict[str, str] = configured["Environment"]["Variables"]
    return values


async def test_the_same_again_changes_nothing(
    emulator: Emulator, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await emulator.stacks(payments_url=HERE)

    def refuse(*_: Any) -> None:
        raise AssertionError("a stack was changed")

    monkeypatch.setattr(provisioning, "wait_until_complete", refuse)
    assert await emulator.stacks(payments_url=HERE) == first
    monkeypatch.undo()
    for name in STACKS:
        stack = describe(account.client("cloudformation"), name)
        assert stack is not None


async def test_a_changed_address_reaches_the_function_and_keeps_the_rest(
    emulator: Emulator, account: Account
) -> None:
    first = await emulator.stacks(payments_url=HERE)
    assert variables(account, first.function_name)["PAYMENTS_URL"] == HERE
    assert await emulator.stacks(payments_url=ELSEWHERE) == first
    assert variables(account, first.function_name)["PAYMENTS_URL"] == ELSEWHERE


def test_a_stack_that_the_emulator_refuses_is_an_error_with_its_reason(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    with pytest.raises(ProvisionError, match=r"Portico-Rocket.*Rocket"):
        deploy_stack(cloudformation, "Portico-Rocket", UNKNOWN_STACK, [])


def test_an_archive_has_the_same_bytes_for_the_same_content() -> None:
    (asset,) = templates().glob("asset.*")
    assert archive(asset) == archive(asset)


def test_templates_are_compact_without_losing_anything() -> None:
    text = (templates() / "Portico-Workflows.template.json").read_text()
    assert json.loads(compact(text)) == json.loads(text)
    assert len(compact(text)) < len(text)
