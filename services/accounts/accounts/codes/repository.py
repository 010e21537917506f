"""When a code was asked for, in the identity table.

Item: pk = "code#<purpose>#<SHA-256 of the address>", sk = "asked"; `asked_at` (epoch seconds), `expires_at`.
Written for every address, so that it says nothing about who has an account.
"""

from __future__ import annotations

import time

from accounts.fields import email_digest
from portico_kit.aws import AwsClients
from portico_kit.dynamodb import from_item, store_errors, to_item

RETENTION_S = 7 * 86_400
SORT_KEY = "asked"


class CodeRepository:
    """Remembers one moment a purpose and an address."""

    def __init__(self, clients: AwsClients, *, table: str) -> None:
        self._clients = clients
        self._table = table

    async def put(self, purpose: str, email: str) -> None:
        """Remember that a code was asked for now."""
        now_s = int(time.time())
        item = {**_key(purpose, email), "asked_at": now_s, "expires_at": now_s + RETENTION_S}
        with store_errors():
            await self._clients.dynamodb.put_item(TableName=self._table, Item=to_item(item))

    async def age_s(self, purpose: str, email: str) -> int | None:
        """How long ago the last code was asked for; None if that is not known."""
        with store_errors():
            answer = await self._clients.dynamodb.get_item(
                TableName=self._table, Key=to_item(_key(purpose, email))
            )
        if "Item" not in answer:
            return None
        return int(time.time()) - int(from_item(answer["Item"])["asked_at"])


def _key(purpose: str, email: str) -> dict[str, str]:
    return {"pk": f"code#{purpose}#{email_digest(email)}", "sk": SORT_KEY}
