"""The tables as they will be on AWS: those of the topology, and safe."""

from __future__ import annotations

import pytest

from infra.tests.conftest import Resource, Synthesis
from portico_topology import SYSTEM, Table

TABLE = "AWS::DynamoDB::Table"


def properties(synthesis: Synthesis, table: Table) -> Resource:
    made = synthesis.resources("Tables", TABLE).values()
    return next(each for each in made if each["TableName"] == f"{SYSTEM.name}-{table.name}")


def keys(schema: list[dict[str, str]]) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in schema}


@pytest.mark.parametrize("table", SYSTEM.tables, ids=lambda table: table.name)
def test_keys_index_and_lifetime_are_the_topologys(synthesis: Synthesis, table: Table) -> None:
    made = properties(synthesis, table)
    expected = {"HASH": table.partition_key} | ({"RANGE": table.sort_key} if table.sort_key else {})
    assert keys(made["KeySchema"]) == expected
    assert {attribute["AttributeType"] for attribute in made["AttributeDefinitions"]} == {"S"}
    lifetime = {"AttributeName": table.ttl_attribute, "Enabled": True} if table.ttl_attribute else None
    assert made.get("TimeToLiveSpecification") == lifetime
    indexes = {
        index["IndexName"]: keys(index["KeySchema"]) for index in made.get("GlobalSecondaryIndexes", [])
    }
    index = {"HASH": table.index_partition_key, "RANGE": table.index_sort_key}
    assert indexes == ({"listing": index} if table.index_partition_key else {})


def test_every_table_scales_is_encrypted_and_can_be_taken_back_to_any_second(synthesis: Synthesis) -> None:
    tables = synthesis.resources("Tables", TABLE)
    for made in tables.values():
        assert made["BillingMode"] == "PAY_PER_REQUEST"
        assert made["SSESpecification"] == {"SSEEnabled": True}
        assert made["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 35,
        }


def test_no_table_can_be_deleted_by_mistake(synthesis: Synthesis) -> None:
    synthesis.assertions("Tables").all_resources(
        TABLE,
        {
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"DeletionProtectionEnabled": True},
        },
    )
