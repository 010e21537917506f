"""The feed learns of every revocation, forgets what expired, and keeps what it knows while it cannot read."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from portico_kit.auth import RevocationFeed, Subject, revocation_item, revocations
from portico_kit.auth.revocations import ACCESS_TOKEN_LIFETIME_S
from portico_kit.aws import AwsClients
from portico_kit.dynamodb import to_item
from portico_kit.errors import Unavailable
from portico_kit.settings import AwsSettings


def subject(*, session: str = "session-1", issued_at_s: float | None = None) -> Subject:
    issued = int(time.time() if issued_at_s is None else issued_at_s)
    return Subject("subject-1", frozenset(), {"origin_jti": session, "iat": issued}, "token")


@pytest.fixture(scope="session")
async def clients(emulator: Any) -> AsyncIterator[AwsClients]:
    async with AwsClients(AwsSettings(aws_endpoint_url=emulator.url, aws_region=emulator.region)) as made:
        yield made


@pytest.fixture
async def table(clients: AwsClients) -> str:
    name = f"identity-{uuid.uuid4().hex[:8]}"
    await clients.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


async def revoke(
    clients: AwsClients, table: str, *, kind: Any, value: str, at_s: float | None = None
) -> None:
    revoked_at = int(time.time() if at_s is None else at_s)
    item = revocation_item(kind=kind, value=value, revoked_at=revoked_at)
    await clients.dynamodb.put_item(TableName=table, Item=to_item(item))


async def test_a_revoked_session_is_known_and_others_are_not(clients: AwsClients, table: str) -> None:
    feed = RevocationFeed(clients, table=table)
    await revoke(clients, table, kind="session", value="session-1")
    assert not feed.is_revoked(subject())  # the control: nobody asked yet
    await feed.poll()
    assert feed.is_revoked(subject())
    assert not feed.is_revoked(subject(session="session-2"))


async def test_a_revoked_subject_keeps_only_tokens_that_are_newer(clients: AwsClients, table: str) -> None:
    feed, now = RevocationFeed(clients, table=table), time.time()
    await revoke(clients, table, kind="subject", value="subject-1", at_s=now)
    await feed.poll()
    assert feed.is_revoked(subject(issued_at_s=now - 10))
    assert feed.is_revoked(subject(issued_at_s=now))
    assert not feed.is_revoked(subject(issued_at_s=now + 1))


async def test_it_follows_while_it_is_entered(
    clients: AwsClients, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "POLL_INTERVAL_S", 0.05)
    async with RevocationFeed(clients, table=table) as feed:
        await revoke(clients, table, kind="session", value="session-1")
        async with asyncio.timeout(5):
            while not feed.is_revoked(subject()):  # noqa: ASYNC110  what is tested is that it gets there
                await asyncio.sleep(0.02)


async def test_an_instance_that_starts_learns_what_happened_in_a_tokens_life(
    clients: AwsClients, table: str
) -> None:
    await revoke(clients, table, kind="session", value="session-1", at_s=time.time() - 600)
    feed = RevocationFeed(clients, table=table)
    assert not await feed.ready()
    async with feed:
        assert feed.is_revoked(subject())  # already when it begins to serve
        assert await feed.ready()


async def test_what_it_knows_stays_in_force_while_it_cannot_read(clients: AwsClients, table: str) -> None:
    feed = RevocationFeed(clients, table=table)
    await revoke(clients, table, kind="session", value="session-1")
    await feed.poll()
    feed._table = "no-such-table"
    with pytest.raises(Unavailable):
        await feed.poll()
    assert feed.is_revoked(subject())
    async with feed:
        await asyncio.sleep(0.05)
    assert feed.is_revoked(subject())


async def test_entries_leave_when_no_token_can_be_older_and_their_number_is_bounded(
    clients: AwsClients, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, now = RevocationFeed(clients, table=table), time.time()
    for number in range(5):
        await revoke(clients, table, kind="session", value=f"session-{number}", at_s=now - 60 + number)
    await feed.poll()
    assert len(feed._entries) == 5
    monkeypatch.setattr(revocations, "ENTRIES_MAX", 3)
    feed._forget_expired(now)
    assert {value for _, value in feed._entries} == {"session-2", "session-3", "session-4"}
    feed._forget_expired(now + ACCESS_TOKEN_LIFETIME_S + 120)
    assert feed._entries == {}
