"""Hashes of unconfirmed accounts' passwords in the identity table.

Item: pk = "unconfirmed#<SHA-256 of the address>", sk = "password"; `salt`, `digest`, `expires_at`.
"""

from __future__ import annotations

import time

from accounts.fields import email_digest
from portico_kit.aws import AwsClients
from portico_kit.dynamodb import from_item, store_errors, to_item

RETENTION_S = 30 * 86_400  # after that the account answers as an unknown one until it is confirmed
SORT_KEY = "password"


class UnconfirmedRepository:
    """Keeps one salted hash an address."""

    def __init__(self, clients: AwsClients, *, table: str) -> None:
        self._clients = clients
        self._table = table

    async def put(self, email: str, *, salt: bytes, digest: bytes) -> None:
        """Keep a hash."""
        item = {**_key(email), "salt": salt, "digest": digest, "expires_at": int(time.time()) + RETENTION_S}
        with store_errors():
            await self._clients.dynamodb.put_item(TableName=self._table, Item=to_item(item))

    async def get(self, email: str) -> tuple[bytes, bytes] | None:
        """Return salt and digest, or None if nothing is kept."""
        with store_errors():
            answer = await self._clients.dynamodb.get_item(
                TableName=self._table, Key=to_item(_key(email)), ConsistentRead=True
            )
        if "Item" not in answer:
            return None
        item = from_item(answer["Item"])
        if item["expires_at"] <= time.time():
            return None
        return bytes(item["salt"]), bytes(item["digest"])

    async def delete(self, email: str) -> None:
        """Drop what is kept, if anything is."""
        with store_errors():
            await self._clients.dynamodb.delete_item(TableName=self._table, Key=to_item(_key(email)))


def _key(email: str) -> dict[str, str]:
    return {"pk": f"unconfirmed#{email_digest(email)}", "sk": SORT_KEY}
