"""Makes the stores that the infrastructure would make: a migrated database, tables, a state machine."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import orjson
from pydantic import SecretStr

import boxoffice
from portico_kit.aws import AwsClients
from portico_kit.migrations import run_migrations
from services.boxoffice.tests.house import VENUE, source

MIGRATIONS = Path(boxoffice.__file__).parent / "migrations"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}


async def migrate(url: str) -> None:
    await asyncio.to_thread(run_migrations, SecretStr(url), MIGRATIONS)


async def make_tables(clients: AwsClients, *, events_table: str, identity_table: str) -> None:
    """Make both tables as the topology describes them."""
    await clients.dynamodb.create_table(
        TableName=events_table,
        KeySchema=[{"AttributeName": "event_id", "KeyType": "HASH"}],
        AttributeDefinitions=strings("event_id", "listing", "starts_at"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "listing",
                "KeySchema": keys("listing", "starts_at"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    await clients.dynamodb.create_table(
        TableName=identity_table,
        KeySchema=keys("pk", "sk"),
        AttributeDefinitions=strings("pk", "sk"),
        BillingMode="PAY_PER_REQUEST",
    )


def keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def strings(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


async def make_state_machine(clients: AwsClients) -> str:
    """Make a state machine that waits, in the place of `checkout`; return its ARN."""
    name = f"checkout-{uuid.uuid4().hex[:8]}"
    identities = await clients.client("iam")
    role = await identities.create_role(RoleName=name, AssumeRolePolicyDocument=orjson.dumps(TRUST).decode())
    made = await clients.stepfunctions.create_state_machine(
        name=name, definition=orjson.dumps(WAITING).decode(), roleArn=role["Role"]["Arn"]
    )
    return str(made["stateMachineArn"])


def write_content(folder: Path, *, events: int) -> None:
    """Write a content folder: the small house and some events in it, a day apart."""
    (folder / "venues").mkdir(parents=True)
    (folder / "events").mkdir()
    (folder / "venues/small-house.json").write_bytes(orjson.dumps(VENUE))
    for number in range(events):
        content = source(f"event-{number}", days_from_now=10 + number)
        (folder / f"events/event-{number}.json").write_bytes(orjson.dumps(content))
