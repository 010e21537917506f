"""The pool's public keys (JWKS, RFC 7517), cached.

They are fetched when an unknown key id appears, at most once in `REFETCH_INTERVAL_S`, and again beside the
requests when they are `STALE_S` old, so that a withdrawn key is forgotten. While they cannot be fetched the
known ones serve.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWKError, PyJWKSetError

from portico_kit.errors import Unavailable
from portico_kit.telemetry import get_logger

REFETCH_INTERVAL_S = 10.0
FIRST_INTERVAL_S = 1.0  # between attempts until there is any key
STALE_S = 600.0
FETCH_TIMEOUT_S = 2.0
log = get_logger(__name__)


class KeySet:
    """Public keys by key id."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._transport = transport
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at_s = 0.0
        self._next_fetch_s = 0.0
        self._lock = asyncio.Lock()
        self._refresh: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> PyJWK | None:
        """Return the key of that id, or None; `Unavailable` if no key was ever fetched."""
        if key_id not in self._keys:
            async with self._lock:  # whoever waits here finds the key, or the interval not over
                if key_id not in self._keys and self._may_fetch():
                    await self._fetch()
        elif self._clock() - self._fetched_at_s > STALE_S and self._may_fetch():
            self._refresh = asyncio.create_task(self._fetch())
        if not self._keys:
            raise Unavailable("The keys of the user pool cannot be fetched.")
        return self._keys.get(key_id)

    def _may_fetch(self) -> bool:
        now_s = self._clock()
        if now_s < self._next_fetch_s:
            return False
        self._next_fetch_s = now_s + (REFETCH_INTERVAL_S if self._keys else FIRST_INTERVAL_S)
        return True

    async def _fetch(self) -> None:
        try:
            self._keys = signing_keys(await self._download())
        except (httpx.HTTPError, ValueError, PyJWKError, PyJWKSetError) as error:
            log.warning("the keys cannot be fetched", extra={"error": type(error).__name__})
            return
        self._fetched_at_s = self._clock()
        self._next_fetch_s = self._fetched_at_s + REFETCH_INTERVAL_S

    async def _download(self) -> Any:  # noqa: ANN401  whatever JSON the address answers
        async with httpx.AsyncClient(timeout=FETCH_TIMEOUT_S, transport=self._transport) as http:
            async with asyncio.timeout(FETCH_TIMEOUT_S):  # httpx bounds each step, this all of them
                answer = await http.get(self._url)
            return answer.raise_for_status().json()


def signing_keys(document: object) -> dict[str, PyJWK]:
    """Return the RS256 keys of a JWKS document by their ids; `ValueError` or jwt's errors if it is none."""
    if not isinstance(document, dict):
        raise ValueError("a JWKS document is an object")  # noqa: TRY004  as for every other wrong content
    keys = PyJWKSet.from_dict(document).keys
    return {key.key_id: key for key in keys if key.key_id and key.algorithm_name == "RS256"}
