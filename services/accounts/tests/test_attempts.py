"""Attempts are counted by one conditional write: as many at once get no more tries than one after another."""

from __future__ import annotations

import asyncio
import time
import uuid

import pytest

from accounts.attempts.repository import AttemptRepository, Window
from accounts.attempts.service import AttemptLimit, AttemptPolicy
from accounts.problems import InvalidCredentials, TooManySignIns
from accounts.settings import AccountsSettings
from portico_kit.aws import AwsClients
from portico_kit.dynamodb import from_item, to_item
from portico_kit.errors import Unavailable

pytestmark = pytest.mark.integration
FAILURES_MAX = 5
WINDOW_S = 60


class ReadThenCount(AttemptRepository):
    """The guard off: look first, count afterwards."""

    async def reserve(self, key: str, *, places: int, window_s: int) -> Window:
        answer = await self._clients.dynamodb.get_item(
            TableName=self._table, Key=to_item({"pk": key, "sk": "window"}), ConsistentRead=True
        )
        item = from_item(answer.get("Item", {}))
        failures = item.get("failures", 0)
        ends_at_ms = item.get("ends_at_ms", time.time_ns() // 1_000_000 + 1000 * window_s)
        return Window(key=key, ends_at_ms=ends_at_ms, failures=failures, reserved=failures < places)


@pytest.fixture
def repository(aws: AwsClients, settings: AccountsSettings) -> AttemptRepository:
    return AttemptRepository(aws, table=settings.identity_table)


def limit(repository: AttemptRepository, *, window_s: int = WINDOW_S, wait_max_s: float = 5) -> AttemptLimit:
    policy = AttemptPolicy(
        name=f"test-{uuid.uuid4().hex}",
        failures_max=FAILURES_MAX,
        window_s=window_s,
        failure=InvalidCredentials,
        refusal=TooManySignIns,
        wait_max_s=wait_max_s,
    )
    return AttemptLimit(repository, policy)


async def tries_among(limited: AttemptLimit, attempts: int) -> int:
    """Make attempts at once that all fail; how many were tried at all."""
    tried = 0

    async def attempt() -> None:
        nonlocal tried
        async with limited.attempt("somebody"):
            tried += 1
            await asyncio.sleep(0.05)
            raise InvalidCredentials

    outcomes = await asyncio.gather(*(attempt() for _ in range(attempts)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {InvalidCredentials, TooManySignIns}
    return tried


async def test_fifty_failing_attempts_at_once_get_as_many_tries_as_allowed(
    repository: AttemptRepository,
) -> None:
    assert await tries_among(limit(repository), 50) == FAILURES_MAX


async def test_counting_after_the_fact_would_let_more_through(
    aws: AwsClients, settings: AccountsSettings
) -> None:
    """The control: without the reservation the same attempts pass the limit."""
    unguarded = ReadThenCount(aws, table=settings.identity_table)
    assert await tries_among(limit(unguarded), 50) > FAILURES_MAX


async def test_what_was_not_tried_does_not_count(repository: AttemptRepository) -> None:
    limited = limit(repository)
    for _ in range(2 * FAILURES_MAX):
        with pytest.raises(Unavailable):
            async with limited.attempt("somebody"):
                raise Unavailable
    assert await tries_among(limited, FAILURES_MAX) == FAILURES_MAX


async def test_an_attempt_that_never_ended_keeps_its_place_until_the_window_ends(
    repository: AttemptRepository,
) -> None:
    limited = limit(repository, window_s=2, wait_max_s=0.5)
    for _ in range(FAILURES_MAX - 1):
        with pytest.raises(asyncio.CancelledError):
            async with limited.attempt("somebody"):
                raise asyncio.CancelledError
    assert await tries_among(limited, FAILURES_MAX) == 1
    await asyncio.sleep(2)
    assert await tries_among(limited, FAILURES_MAX) == FAILURES_MAX


async def test_an_attempt_of_an_earlier_window_changes_nothing_in_the_next(
    repository: AttemptRepository,
) -> None:
    key = uuid.uuid4().hex
    earlier = await repository.reserve(key, places=1, window_s=1)
    await asyncio.sleep(1.1)
    later = await repository.reserve(key, places=1, window_s=WINDOW_S)
    assert later.reserved
    await repository.release(earlier)
    assert not (await repository.reserve(key, places=1, window_s=WINDOW_S)).reserved
