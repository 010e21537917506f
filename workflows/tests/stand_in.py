"""HTTP servers on loopback that stand in for the partners and for our services, answering as a test says."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DROP = "drop"  # the connection closes without an answer


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it came."""

    operation: str  # such as "POST /v1/charges", without the query
    query: str
    body: Any
    headers: dict[str, str]  # names in lower case


Answer = tuple[int, Any] | str
Scripted = Answer | Callable[[Received], Answer]


class StandIn:
    """A server whose answers are set for each test; what has no answer is answered 500."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.forget()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def forget(self) -> None:
        """Begin anew: no answers, nothing received."""
        self._answers: dict[str, list[Scripted]] = {}
        self.received: list[Received] = []

    def on(self, operation: str, *answers: Scripted) -> None:
        """Answer an operation (`*` stands for any text) with these in turn, the last one for ever."""
        self._answers = {operation: list(answers)} | {
            name: kept for name, kept in self._answers.items() if name != operation
        }

    def operations(self) -> list[str]:
        """Return the operations received, in order."""
        return [received.operation for received in self.received]

    def answer(self, received: Received) -> Answer:
        """Record a request and return what to answer."""
        with self._lock:
            self.received.append(received)
            fitting = (kept for name, kept in self._answers.items() if fnmatch(received.operation, name))
            script = next(fitting, [(500, {"code": "unscripted"})])
            scripted = script.pop(0) if len(script) > 1 else script[0]
        return scripted(received) if callable(scripted) else scripted

    def close(self) -> None:
        """Stop serving and close every connection."""
        self._server.shutdown()
        self._server.server_close()


class Server(ThreadingHTTPServer):
    """Closes its kept connections when it is closed."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._kept: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._kept.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._kept.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for kept in list(self._kept):
            with contextlib.suppress(OSError):
                kept.shutdown(socket.SHUT_RDWR)


def handler_of(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    """Return a request handler that asks the stand-in."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or an answer in two parts waits 40 ms for an acknowledgement

        def respond(self) -> None:
            path, _, query = self.path.partition("?")
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = stand_in.answer(
                Received(
                    operation=f"{self.command} {path}",
                    query=query,
                    body=json.loads(content) if content else None,
                    headers={name.lower(): value for name, value in self.headers.items()},
                )
            )
            if isinstance(answer, str):
                self.close_connection = True
                return
            status, body = answer
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = respond  # noqa: N815  the names that the base class calls

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
