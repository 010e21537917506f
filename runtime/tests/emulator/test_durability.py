"""What was written a moment ago outlives SIGKILL; without the flush it does not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx

from portico_runtime.emulator.durability import FLUSH_INTERVAL_S
from portico_runtime.emulator.provision import Account
from tests.fixtures.emulator import Emulator, EmulatorProcess

FLUSHED_S = FLUSH_INTERVAL_S + 0.5
TABLE, USER = "kept-items", "ada@example.com"


def clients(emulator: Emulator) -> tuple[Any, Any]:
    account = Account(emulator.url, emulator.credentials)
    return account.client("dynamodb"), account.client("cognito-idp")


def write(emulator: Emulator) -> None:
    dynamodb, cognito = clients(emulator)
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    pool_id = cognito.create_user_pool(PoolName="kept")["UserPool"]["Id"]
    time.sleep(FLUSHED_S)  # the item and the user are not written with what they are in
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "1"}, "name": {"S": "Ada"}})
    cognito.admin_create_user(UserPoolId=pool_id, Username=USER, MessageAction="SUPPRESS")


def found(emulator: Emulator) -> tuple[list[str], list[str]]:
    """Return the ids of the items and the names of the users that are there."""
    dynamodb, cognito = clients(emulator)
    items: list[str] = []
    if TABLE in dynamodb.list_tables()["TableNames"]:
        items = [item["id"]["S"] for item in dynamodb.scan(TableName=TABLE)["Items"]]
    pools = cognito.list_user_pools(MaxResults=10)["UserPools"]
    users = [
        user["Username"] for pool in pools for user in cognito.list_users(UserPoolId=pool["Id"])["Users"]
    ]
    return items, users


def after_kill(folder: Path, *, without: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Write, wait for a flush, kill, start again over the same folder, and return what is there."""
    process = EmulatorProcess(folder, without=without)
    try:
        write(process.start())
        time.sleep(FLUSHED_S)
        process.kill()
        return found(process.start())
    finally:
        process.kill()


def test_an_item_and_a_user_outlive_sigkill(tmp_path: Path) -> None:
    items, users = after_kill(tmp_path)
    assert items == ["1"]
    assert len(users) == 1


def test_without_the_flush_they_do_not(tmp_path: Path) -> None:
    assert after_kill(tmp_path, without=("durability.apply",)) == ([], [])


def test_an_orderly_stop_writes_everything_at_once(tmp_path: Path) -> None:
    process = EmulatorProcess(tmp_path)
    try:
        write(process.start())
        process.stop()
        assert found(process.start())[0] == ["1"]
    finally:
        process.kill()


def test_an_unsigned_request_is_refused(emulator: Emulator) -> None:
    answer = httpx.post(emulator.url, headers={"x-amz-target": "DynamoDB_20120810.ListTables"}, content=b"{}")
    assert answer.status_code in {400, 403}
