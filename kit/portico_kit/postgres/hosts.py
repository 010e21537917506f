"""The hosts of one database URL. The one that served last is tried first, and each has its own deadline.

asyncpg itself gives all hosts one deadline together, and begins with the first of the list: a frozen one
would use it up every time, and the others would never be asked.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from portico_kit.postgres.failures import LOST

DEFAULT_PORT = 5432
CONNECT_TIMEOUT_S = 1.5
# libpq's words. "prefer-standby" is two wishes, one after the other.
WISHES = {"prefer-standby": ("standby", "any")}


class Hosts:
    """Where a database may be. `connect` is what a pool calls for each new connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._addresses = [address_of(part) for part in parts.netloc.rpartition("@")[2].split(",")]
        (wanted,) = parse_qs(parts.query).get("target_session_attrs", ["any"])
        self._wishes = WISHES.get(wanted, (wanted,))

    async def connect(self, *_: object, **options: Any) -> asyncpg.Connection[asyncpg.Record]:  # noqa: ANN401
        """Connect to the first host that fits; the last host's failure if none does."""
        failure: Exception = ConnectionError("no host was asked")
        for wish in self._wishes:
            for address in tuple(self._addresses):
                try:
                    connection = await self._ask(address, wish, options)
                except LOST as error:
                    failure = error
                    continue
                self._addresses.remove(address)
                self._addresses.insert(0, address)
                return connection
        raise failure

    async def _ask(
        self, address: tuple[str, int], wish: str, options: dict[str, Any]
    ) -> asyncpg.Connection[asyncpg.Record]:
        host, port = address
        bounds: Any = {"timeout": CONNECT_TIMEOUT_S, "target_session_attrs": wish}
        return await asyncpg.connect(self._url, host=host, port=port, **options | bounds)


def address_of(part: str) -> tuple[str, int]:
    """Split `host:port`; IPv6 addresses stand in brackets (RFC 3986, section 3.2.2)."""
    host, separator, port = part.rpartition(":")
    if not separator or port.endswith("]"):
        host, port = part, str(DEFAULT_PORT)
    return host.strip("[]"), int(port)
