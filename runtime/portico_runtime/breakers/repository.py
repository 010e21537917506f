"""The breakers' rows in DynamoDB, and what a row means now; `call_partner` writes them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from portico_runtime.emulator.provision import Account, Credentials

BreakerState = Literal["closed", "open", "half-open", "unknown"]


class BreakerReader:
    """Reads the breakers of one system. The client is kept: making one costs a tenth of a second."""

    def __init__(self, endpoint_url: str, table: str) -> None:
        self._endpoint_url = endpoint_url
        self._table = table

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401  botocore makes its classes at run time
        return Account(self._endpoint_url, Credentials()).client("dynamodb")

    def states(self, partners: Iterable[str]) -> dict[str, BreakerState]:
        """Return each partner's breaker; "unknown" if nobody can say."""
        try:
            items = self._client.scan(TableName=self._table, ConsistentRead=True)["Items"]
        except (BotoCoreError, ClientError):
            return dict.fromkeys(partners, "unknown")
        rows = {item["partner"]["S"]: item for item in items}
        return {partner: breaker_state(rows.get(partner, {})) for partner in partners}


def breaker_state(row: dict[str, Any]) -> BreakerState:
    """Return the state that a breaker's row means at this moment."""
    open_until_ms = int(row.get("openUntil", {}).get("N", 0))
    if open_until_ms == 0:
        return "closed"
    return "open" if open_until_ms > time.time() * 1000 else "half-open"
