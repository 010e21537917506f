"""Windows of attempts in the identity table: one item a key.

Item: pk = "<policy>#<key>", sk = "window"; `reserved` places taken (attempts under way and failed ones),
`failures` among them, `ends_at_ms`, and `expires_at` for DynamoDB's TTL, which is late by up to days: whether
a window has ended is always decided by `ends_at_ms`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portico_kit.aws import AwsClients
from portico_kit.dynamodb import ConditionFailed, from_item, store_errors, to_item

SORT_KEY = "window"
START = "SET reserved = :one, failures = :zero, ends_at_ms = :end, expires_at = :ttl"
STARTS_MAX = 3  # a lost race to start a window leaves one that runs


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window of attempts as it was seen; `reserved` says whether a place in it is ours."""

    key: str
    ends_at_ms: int
    failures: int
    reserved: bool


class AttemptRepository:
    """Counts by conditional writes: two instances never share the last place."""

    def __init__(self, clients: AwsClients, *, table: str) -> None:
        self._clients = clients
        self._table = table

    async def reserve(self, key: str, *, places: int, window_s: int) -> Window:
        """Take a place in the window that runs, starting one if none does."""
        for _ in range(STARTS_MAX):
            now_ms = _now_ms()
            window = await self._join(key, places=places, now_ms=now_ms)
            if window is None:
                window = await self._start(key, now_ms=now_ms, window_s=window_s)
            if window is not None:
                return window
        return Window(key=key, ends_at_ms=_now_ms(), failures=0, reserved=False)

    async def fail(self, window: Window) -> None:
        """Count a failure; its place stays taken until the window ends."""
        await self._add(window, "failures", 1)

    async def release(self, window: Window) -> None:
        """Give the place back."""
        await self._add(window, "reserved", -1)

    async def _join(self, key: str, *, places: int, now_ms: int) -> Window | None:
        """Take a place in a running window; None if no window runs."""
        try:
            item = await self._update(
                key,
                UpdateExpression="ADD reserved :one",
                ConditionExpression="ends_at_ms > :now AND reserved < :places",
                ExpressionAttributeValues=to_item({":one": 1, ":now": now_ms, ":places": places}),
            )
        except ConditionFailed as full:
            if not full.item or full.item["ends_at_ms"] <= now_ms:
                return None
            return _window(key, full.item, reserved=False)
        return _window(key, item, reserved=True)

    async def _start(self, key: str, *, now_ms: int, window_s: int) -> Window | None:
        """Start a window and take its first place; None if somebody else has just done so."""
        ends_at_ms = now_ms + 1000 * window_s
        expires_at = ends_at_ms // 1000 + window_s
        values = {":one": 1, ":zero": 0, ":now": now_ms, ":end": ends_at_ms, ":ttl": expires_at}
        try:
            await self._update(
                key,
                UpdateExpression=START,
                ConditionExpression="attribute_not_exists(pk) OR ends_at_ms <= :now",
                ExpressionAttributeValues=to_item(values),
            )
        except ConditionFailed:
            return None
        return Window(key=key, ends_at_ms=ends_at_ms, failures=0, reserved=True)

    async def _add(self, window: Window, attribute: str, amount: int) -> None:
        try:
            await self._update(
                window.key,
                UpdateExpression="ADD #attribute :amount",
                ConditionExpression="ends_at_ms = :end",  # a later window is none of this attempt's business
                ExpressionAttributeNames={"#attribute": attribute},
                ExpressionAttributeValues=to_item({":amount": amount, ":end": window.ends_at_ms}),
            )
        except ConditionFailed:
            return

    async def _update(self, key: str, **expressions: Any) -> dict[str, Any]:  # noqa: ANN401 - of boto
        with store_errors():
            answer = await self._clients.dynamodb.update_item(
                TableName=self._table,
                Key=to_item({"pk": key, "sk": SORT_KEY}),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **expressions,
            )
        return from_item(answer["Attributes"])


def _window(key: str, item: Mapping[str, Any], *, reserved: bool) -> Window:
    return Window(key=key, ends_at_ms=item["ends_at_ms"], failures=item["failures"], reserved=reserved)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
