"""The pool's public keys (JWKS, RFC 7517), cached: fetched when an unknown key id appears, and not too often.

While the keys cannot be fetched the known ones serve. A flood of unknown key ids causes one fetch in
`REFETCH_INTERVAL_S`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWKError, PyJWKSetError

from portico_kit.errors import Unavailable
from portico_kit.telemetry import get_logger

REFETCH_INTERVAL_S = 10.0
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
        self._next_fetch = 0.0
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> PyJWK | None:
        """Return the key of that id, or None; `Unavailable` if no key was ever fetched."""
        if key_id not in self._keys:
            async with self._lock:  # whoever waits here finds the key, or the interval not over
                if key_id not in self._keys and self._clock() >= self._next_fetch:
                    await self._fetch()
        if not self._keys:
            raise Unavailable("The keys of the user pool cannot be fetched.")
        return self._keys.get(key_id)

    async def _fetch(self) -> None:
        self._next_fetch = self._clock() + REFETCH_INTERVAL_S
        try:
            async with httpx.AsyncClient(timeout=FETCH_TIMEOUT_S, transport=self._transport) as http:
                answer = await http.get(self._url)
            fetched = PyJWKSet.from_dict(answer.raise_for_status().json())
        except (httpx.HTTPError, ValueError, PyJWKError, PyJWKSetError) as error:
            log.warning("the keys cannot be fetched", extra={"error": type(error).__name__})
            if not self._keys:
                self._next_fetch = self._clock() + 1
            return
        self._keys = {key.key_id: key for key in fetched.keys if key.key_id and key.algorithm_name == "RS256"}
