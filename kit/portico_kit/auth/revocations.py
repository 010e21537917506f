"""Sessions and subjects whose tokens are no longer accepted, followed as a feed (docs/decisions/0006).

The items live in the identity table, one partition a minute, so that a poll reads a partition or two:
`pk = "revocation#<minute>"`, `sk = "<milliseconds>#<value>"`, `kind` "session" or "subject", `value`,
`revoked_at` and `expires_at` in epoch seconds. An access token lives 30 minutes at most, and so does an
entry here.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Literal, Self

from portico_kit.auth.subject import Subject
from portico_kit.aws import AwsClients
from portico_kit.dynamodb import from_item, store_errors, to_item
from portico_kit.errors import Unavailable
from portico_kit.loop import Loop

ACCESS_TOKEN_LIFETIME_S = 1800
POLL_INTERVAL_S = 1.0
OVERLAP_S = 5  # writers' clocks differ a little, and a write takes a moment to arrive
ENTRIES_MAX = 200_000
PAGES_MAX = 200

Kind = Literal["session", "subject"]


def revocation_item(*, kind: Kind, value: str, revoked_at: int) -> dict[str, object]:
    """Return the entry to put into the identity table. `revoked_at` is epoch seconds."""
    return {
        "pk": bucket(revoked_at),
        "sk": f"{time.time_ns() // 1_000_000}#{value}",
        "kind": kind,
        "value": value,
        "revoked_at": revoked_at,
        "expires_at": revoked_at + 2 * ACCESS_TOKEN_LIFETIME_S,
    }


def bucket(epoch_s: float) -> str:
    """Return the partition of a moment."""
    return f"revocation#{int(epoch_s // 60)}"


class RevocationFeed:
    """Follows the table while it is entered. If the table is away, what is known stays in force."""

    def __init__(self, clients: AwsClients, *, table: str) -> None:
        self._clients = clients
        self._table = table
        self._entries: dict[tuple[str, str], int] = {}
        self._read_until_s = 0.0
        self._loop = Loop("revocations", self.poll, interval_s=POLL_INTERVAL_S)

    async def __aenter__(self) -> Self:
        with suppress(Unavailable):  # the loop goes on trying; `ready` says whether it got there
            await self.poll()
        await self._loop.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._loop.__aexit__()

    async def ready(self) -> bool:
        """Whether what was revoked before this instance started is known."""
        return self._read_until_s > 0

    def is_revoked(self, subject: Subject) -> bool:
        """Whether the session ended, or all of the subject's sessions did after this token was issued."""
        if subject.session is not None and ("session", subject.session) in self._entries:
            return True
        revoked_at = self._entries.get(("subject", subject.id))
        return revoked_at is not None and subject.claims["iat"] <= revoked_at

    async def poll(self) -> bool:
        """Read what is new since the last poll; the first one reads a token's whole life back."""
        now_s = time.time()
        since_s = max(self._read_until_s - OVERLAP_S, now_s - ACCESS_TOKEN_LIFETIME_S)
        for minute in range(int(since_s // 60), int(now_s // 60) + 1):
            await self._read(bucket(minute * 60), after=f"{int(since_s * 1000)}")
        self._read_until_s = now_s
        self._forget_expired(now_s)
        return False

    async def _read(self, partition: str, *, after: str) -> None:
        start: dict[str, Any] = {}
        for _ in range(PAGES_MAX):
            with store_errors():
                answer = await self._clients.dynamodb.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :pk AND sk > :after",
                    ExpressionAttributeValues=to_item({":pk": partition, ":after": after}),
                    ConsistentRead=True,
                    **start,
                )
            for item in map(from_item, answer["Items"]):
                self._entries[item["kind"], item["value"]] = item["revoked_at"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _forget_expired(self, now_s: float) -> None:
        oldest_s = now_s - ACCESS_TOKEN_LIFETIME_S - 60
        for key in [key for key, revoked_at in self._entries.items() if revoked_at < oldest_s]:
            del self._entries[key]
        for key in list(self._entries)[: max(0, len(self._entries) - ENTRIES_MAX)]:
            del self._entries[key]  # the oldest, which expire first
