"""The DynamoDB tables of the topology: on demand, recoverable to any second, protected from deletion."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from portico_topology import System, Table

RECOVERY_DAYS = 35
LISTING_INDEX = "listing"


class TablesStack(Stack):
    """One table for each of the topology's, named as there."""

    def __init__(
        self,
        scope: Construct,
        identifier: str,
        *,
        system: System,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(scope, identifier, **options)
        self.tables = {table.name: self._table(system, table) for table in system.tables}
        for name, table in self.tables.items():
            CfnOutput(self, f"{name.title()}Table", value=table.table_name)

    def _table(self, system: System, table: Table) -> dynamodb.Table:
        made = dynamodb.Table(
            self,
            f"{table.name.title()}",
            table_name=f"{system.name}-{table.name}",
            partition_key=string_key(table.partition_key),
            sort_key=string_key(table.sort_key) if table.sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=RECOVERY_DAYS
            ),
            time_to_live_attribute=table.ttl_attribute,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        if table.index_partition_key and table.index_sort_key:
            made.add_global_secondary_index(
                index_name=LISTING_INDEX,
                partition_key=string_key(table.index_partition_key),
                sort_key=string_key(table.index_sort_key),
            )
        return made


def string_key(name: str) -> dynamodb.Attribute:
    """Return a key attribute that holds strings."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
