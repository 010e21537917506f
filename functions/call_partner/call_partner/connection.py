"""HTTP with kept connections: a warm function does not connect anew for each call."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from call_partner.request import PartnerRequest

RESPONSE_BYTES_MAX = 200_000  # an answer travels through a state machine, whose limit is 256 KB
STALE = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class Connections:
    """One kept connection for each address. Not for several threads: Lambda calls a function one at a time."""

    def __init__(self) -> None:
        self._kept: dict[str, http.client.HTTPConnection] = {}

    def send(self, request: PartnerRequest, timeout_s: float) -> tuple[int, Any]:
        """Send once and return status and decoded body; `OSError` and `HTTPException` as they come.

        A kept connection may have been closed by the other side meanwhile: then it is sent again on a new one, which
        the idempotency key makes harmless.
        """
        parts = urlsplit(request.url)
        kept = self._kept.pop(parts.netloc, None)
        if kept is not None:
            try:
                return self._exchange(kept, request, timeout_s)
            except STALE:
                kept.close()
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return self._exchange(make(parts.hostname or "", parts.port), request, timeout_s)

    def close(self) -> None:
        """Close what is kept."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _exchange(
        self, connection: http.client.HTTPConnection, request: PartnerRequest, timeout_s: float
    ) -> tuple[int, Any]:
        parts = urlsplit(request.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.timeout = timeout_s
        if connection.sock:
            connection.sock.settimeout(timeout_s)
        try:
            payload = None if request.body is None else json.dumps(request.body).encode()
            connection.request(request.method, target, payload, dict(request.headers))
            response = connection.getresponse()
            content = response.read(RESPONSE_BYTES_MAX + 1)
            if response.length and len(content) <= RESPONSE_BYTES_MAX:  # a read with a bound does not complain itself
                raise http.client.IncompleteRead(content, response.length)
        except BaseException:
            connection.close()
            raise
        if len(content) > RESPONSE_BYTES_MAX or response.will_close:
            connection.close()
        else:
            self._kept[parts.netloc] = connection
        return response.status, decoded(content)


def decoded(content: bytes) -> Any:  # noqa: ANN401  any JSON value
    """Return the JSON value of a body, or None if it is none."""
    try:
        return json.loads(content)
    except ValueError:
        return None
