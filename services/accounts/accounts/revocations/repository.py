"""Sessions that ended before their tokens did, in the identity table.

Two kinds of item. The feed ("revocation#<minute>"), which every service polls, so that an access token dies
within two seconds everywhere; its item is made by the kit, which also reads it. And "session#<origin_jti>",
which this service reads when a session is renewed, for longer than a refresh token lives.
"""

from __future__ import annotations

import time

from portico_kit.auth import revocation_item
from portico_kit.aws import AwsClients
from portico_kit.dynamodb import store_errors, to_item
from portico_kit.errors import Unavailable

SESSION_RETENTION_S = 90 * 86_400  # the pool's refresh tokens live 30 days
SORT_KEY = "ended"


class RevocationRepository:
    """Writes and reads ended sessions."""

    def __init__(self, clients: AwsClients, *, table: str) -> None:
        self._clients = clients
        self._table = table

    async def end_session(self, origin_jti: str) -> None:
        """End one session: everything that came from one sign-in."""
        now_s = int(time.time())
        ended = {**_session_key(origin_jti), "ended_at": now_s, "expires_at": now_s + SESSION_RETENTION_S}
        await self._put(ended)
        await self._put(revocation_item(kind="session", value=origin_jti, revoked_at=now_s))

    async def end_sessions_of(self, subject_id: str) -> None:
        """End every session that a user has begun until now."""
        await self._put(revocation_item(kind="subject", value=subject_id, revoked_at=int(time.time())))

    async def has_ended(self, origin_jti: str) -> bool:
        """Whether this session was ended."""
        with store_errors():
            answer = await self._clients.dynamodb.get_item(
                TableName=self._table, Key=to_item(_session_key(origin_jti)), ConsistentRead=True
            )
        return "Item" in answer

    async def is_reachable(self) -> bool:
        """Whether the table answers."""
        try:
            await self.has_ended("readiness")
        except Unavailable:
            return False
        return True

    async def _put(self, item: dict[str, object]) -> None:
        with store_errors():
            await self._clients.dynamodb.put_item(TableName=self._table, Item=to_item(item))


def _session_key(origin_jti: str) -> dict[str, object]:
    return {"pk": f"session#{origin_jti}", "sk": SORT_KEY}
