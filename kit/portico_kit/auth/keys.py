"""The pool's public keys (JWKS, RFC 7517), cached.

They are fetched when an unknown key id appears, at most once in `REFETCH_INTERVAL_S`, and again beside the
requests when they are `STALE_S` old, so that a withdrawn key is forgotten. While they cannot be fetched the
known ones serve.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http.client import HTTPException
from urllib.request import urlopen

import orjson
from jwt import PyJWK, PyJWTError

from portico_kit.errors import Unavailable
from portico_kit.telemetry import get_logger

REFETCH_INTERVAL_S = 10.0
FIRST_INTERVAL_S = 1.0  # between attempts until there is any key
STALE_S = 600.0
FETCH_TIMEOUT_S = 2.0
DOCUMENT_BYTES_MAX = 1_000_000
log = get_logger(__name__)


class KeySet:
    """Public keys by key id."""

    def __init__(
        self,
        url: str,
        *,
        download: Callable[[str], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._download = download or download_json
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
            async with asyncio.timeout(FETCH_TIMEOUT_S):  # urllib bounds each step, this all of them
                document = await asyncio.to_thread(self._download, self._url)
            self._keys = signing_keys(document)
        except (OSError, HTTPException, ValueError, LookupError, PyJWTError) as error:
            log.warning("the keys cannot be fetched", extra={"error": type(error).__name__})
            return
        self._fetched_at_s = self._clock()
        self._next_fetch_s = self._fetched_at_s + REFETCH_INTERVAL_S


def download_json(url: str) -> object:
    """Return the JSON document at an address, blocking. A richer HTTP client would cost 6 MB a process."""
    with urlopen(url, timeout=FETCH_TIMEOUT_S) as answer:  # noqa: S310  the address is a setting of ours
        return orjson.loads(answer.read(DOCUMENT_BYTES_MAX))


def signing_keys(document: object) -> dict[str, PyJWK]:
    """Return the RSA signing keys of a JWKS document by their ids; an error if there are none."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("a JWKS document has a list of keys")  # noqa: TRY004  as for any content
    ours = [key for key in listed if isinstance(key, dict) and key.get("kty") == "RSA"]
    signing = {key["kid"]: PyJWK(key, "RS256") for key in ours if key.get("use", "sig") == "sig"}
    if not signing:
        raise ValueError("the JWKS document has no key for signatures")
    return signing
