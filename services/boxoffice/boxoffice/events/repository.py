"""Event documents in DynamoDB: one item an event, and an index of the published ones by their start."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portico_kit.aws import AwsClients
from portico_kit.dynamodb import ConditionFailed, from_item, store_errors, to_item

LISTING = "published"


class EventDocuments:
    """Reads and writes of documents; a document is a plain dictionary with an `id`."""

    def __init__(self, clients: AwsClients, *, table: str) -> None:
        self._clients = clients
        self._table = table

    async def find(self, event_id: UUID) -> dict[str, Any] | None:
        """Return a document, or None."""
        with store_errors():
            answer = await self._clients.dynamodb.get_item(
                TableName=self._table, Key=to_item({"event_id": str(event_id)})
            )
        return document_of(answer["Item"]) if "Item" in answer else None

    async def page(
        self, *, limit: int, after: dict[str, str] | None
    ) -> tuple[list[dict[str, Any]], dict[str, str] | None]:
        """Return published documents in the order of their start, and where the next page begins, if any."""
        found: list[dict[str, Any]] = []
        start = to_item({**after, "listing": LISTING}) if after else None
        while len(found) <= limit:  # one more than asked for tells whether there is a next page
            items, start = await self._query(limit + 1 - len(found), start)
            found += items
            if start is None:
                break
        last = found[limit - 1] if len(found) > limit else None
        position = {name: last[name]["S"] for name in ("event_id", "starts_at")} if last else None
        return [document_of(item) for item in found[:limit]], position

    async def _query(
        self, limit: int, start: dict[str, Any] | None
    ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """Return items, fewer than `limit` if they have more than a megabyte, and where to go on."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "listing",
            "KeyConditionExpression": "listing = :listing",
            "ExpressionAttributeValues": to_item({":listing": LISTING}),
            "Limit": limit,
        }
        if start is not None:
            query["ExclusiveStartKey"] = start
        with store_errors():
            answer = await self._clients.dynamodb.query(**query)
        return answer["Items"], answer.get("LastEvaluatedKey")

    async def put_if_absent(self, document: dict[str, Any]) -> bool:
        """Store a document unless one with its id is there; say whether it was stored."""
        item = {**document, "event_id": document["id"], "listing": LISTING}
        try:
            with store_errors():
                await self._clients.dynamodb.put_item(
                    TableName=self._table,
                    Item=to_item(item),
                    ConditionExpression="attribute_not_exists(event_id)",
                )
        except ConditionFailed:
            return False
        return True


def document_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the document that an item holds, without what only the table needs."""
    document = from_item(item)
    return {name: value for name, value in document.items() if name not in {"event_id", "listing"}}
