"""HTTP with kept connections: a warm function does not connect anew for each call."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from call_partner.request import PartnerRequest

RESPONSE_BYTES_MAX = 200_000  # an answer travels through a state machine, whose limit is 256 KB
STALE = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class Connections:
    """One kept connection for each address. For one thread: Lambda calls a function one at a time."""

    def __init__(self) -> None:
        self._kept: dict[str, http.client.HTTPConnection] = {}

    def send(self, request: PartnerRequest, timeout_s: float) -> tuple[int, Any]:
        """Send once and return status and decoded body; `OSError` and `HTTPException` as they come.

        A kept connection may have been closed by the other side meanwhile: then it is sent again on another,
        which the idempotency key makes harmless. The time is for both.
        """
        deadline = time.monotonic() + timeout_s
        parts = urlsplit(request.url)
        kept = self._kept.pop(parts.netloc, None)
        if kept is not None:
            try:
                return self._exchange(kept, request, deadline)
            except STALE:
                kept.close()
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return self._exchange(make(parts.hostname or "", parts.port), request, deadline)

    def close(self) -> None:
        """Close what is kept."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _exchange(
        self, connection: http.client.HTTPConnection, request: PartnerRequest, deadline: float
    ) -> tuple[int, Any]:
        parts = urlsplit(request.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        payload = None if request.body is None else json.dumps(request.body).encode()
        try:
            with cut_off(connected(connection, deadline), deadline):
                connection.request(request.method, target, payload, dict(request.headers))
                response = connection.getresponse()
                content = response.read(RESPONSE_BYTES_MAX + 1)
                assert_complete(response, content)
        except BaseException:
            connection.close()
            raise
        if len(content) > RESPONSE_BYTES_MAX or response.will_close:
            connection.close()
        else:
            self._kept[parts.netloc] = connection
        return response.status, decoded(content)


def assert_complete(response: http.client.HTTPResponse, content: bytes) -> None:
    """Complain of an answer that ended early: a read with a bound does not."""
    if response.length and len(content) <= RESPONSE_BYTES_MAX:
        raise http.client.IncompleteRead(content, response.length)


def connected(connection: http.client.HTTPConnection, deadline: float) -> socket.socket:
    """Return the connection's socket, connecting if it has none; `TimeoutError` at the deadline."""
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("no time is left to connect")
    connection.timeout = left_s
    if connection.sock is None:
        connection.connect()
    connected_socket: socket.socket = connection.sock
    connected_socket.settimeout(left_s)
    return connected_socket


@contextmanager
def cut_off(connected_socket: socket.socket, deadline: float) -> Iterator[None]:
    """End an exchange at the deadline: a socket's own timeout begins anew with every byte that comes."""
    expired = threading.Event()

    def cut() -> None:
        expired.set()
        with contextlib.suppress(OSError):
            connected_socket.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if expired.is_set():
            raise TimeoutError("the answer was not complete in time") from error
        raise
    finally:
        timer.cancel()
    if expired.is_set():  # what looks like the end of an answer without a length may be our own cut
        raise TimeoutError("the answer was not complete in time")


def decoded(content: bytes) -> Any:  # noqa: ANN401  any JSON value
    """Return the JSON value of a body, or None if it is none."""
    try:
        return json.loads(content)
    except ValueError:
        return None
