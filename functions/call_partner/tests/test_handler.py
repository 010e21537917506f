from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from call_partner import handler as function
from call_partner.handler import handler

EVENT = {
    "target": "payments",
    "request": {"method": "POST", "path": "/v1/charges", "body": {"amount_cents": 1}},
    "idempotencyKey": "order:charge",
    "correlationId": "c-1",
}


@dataclass
class Partner:
    """A real HTTP server on loopback that answers from a script: a status, or what goes wrong."""

    script: list[Any]
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            while head := self._read(connection):
                self.requests.append(head)
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if not self._act(connection, step):
                    return

    def _read(self, connection: socket.socket) -> str:
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(4096)
            if not chunk:
                return ""
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += connection.recv(4096)
        return head.decode() + "\n" + body.decode()

    def _act(self, connection: socket.socket, step: Any) -> bool:
        if step == "drop":
            return False
        if step == "hang":
            time.sleep(5)
            return False
        if step in {"trickle", "trickle without length"}:
            length = b"Content-Length: 1000\r\n" if step == "trickle" else b""
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n[")
            with contextlib.suppress(OSError):
                for _ in range(100):
                    time.sleep(0.02)
                    connection.sendall(b" ")
            return False
        if step == "half":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            return False
        body = json.dumps({"code": "any"}).encode()
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (step, len(body), body))
        return True

    def close(self) -> None:
        self._socket.close()


class Context:
    def __init__(self, remaining_ms: int = 10_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


@pytest.fixture
def partner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    made: list[Partner] = []

    def make(*script: Any) -> Partner:
        server = Partner(list(script))
        made.append(server)
        monkeypatch.setenv("PAYMENTS_URL", f"http://127.0.0.1:{server.port}")
        return server

    monkeypatch.setenv("PARTNER_API_KEY", "partner-key")
    monkeypatch.setenv("INTERNAL_TOKEN", "internal-token")
    monkeypatch.setattr(function, "connections", function.Connections())
    yield make
    function.connections.close()
    for server in made:
        server.close()


def call(context: Context | None = None, **changes: Any) -> dict[str, Any]:
    return handler({**EVENT, **changes}, context or Context())


def test_an_answer_is_returned_with_its_body(partner: Any) -> None:
    server = partner(201)
    result = call()
    assert (result["outcome"], result["status"], result["body"], result["attempts"]) == (
        "ok",
        201,
        {"code": "any"},
        1,
    )
    assert "Bearer partner-key" in server.requests[0]


@pytest.mark.parametrize("status", [400, 402, 404, 409, 422])
def test_a_rejection_is_not_tried_again(partner: Any, status: int) -> None:
    server = partner(status)
    result = call()
    assert (result["outcome"], result["status"], len(server.requests)) == ("rejected", status, 1)


@pytest.mark.parametrize("status", [500, 503, 408, 425, 429])
def test_the_control_a_failure_is_tried_three_times(partner: Any, status: int) -> None:
    server = partner(status)
    result = call()
    assert (result["outcome"], result["attempts"], len(server.requests)) == ("failed", 3, 3)
    assert (result["kind"], result["status"]) == ("Http", status)


@pytest.mark.parametrize("fault", [503, "drop", "half"])
def test_it_recovers_from_a_passing_fault_with_the_same_key(partner: Any, fault: Any) -> None:
    server = partner(fault, 201)
    result = call()
    assert result["outcome"] == "ok"
    assert len(server.requests) == 2
    assert all("Idempotency-Key: order:charge" in request for request in server.requests)


def test_a_probe_is_tried_once(partner: Any) -> None:
    server = partner(503)
    assert call(maxAttempts=1)["attempts"] == 1
    assert len(server.requests) == 1


def test_more_attempts_than_three_are_not_to_be_had(partner: Any) -> None:
    server = partner(503)
    assert call(maxAttempts=50)["attempts"] == 3
    assert len(server.requests) == 3


def test_a_silent_partner_times_out(partner: Any) -> None:
    partner("hang")
    result = call(attemptTimeoutMs=100)
    assert (result["outcome"], result["kind"], result["attempts"]) == ("failed", "Timeout", 3)


@pytest.mark.parametrize("fault", ["trickle", "trickle without length"])
def test_an_answer_that_trickles_times_out_however_often_a_byte_comes(partner: Any, fault: str) -> None:
    server = partner(fault)
    started = time.monotonic()
    result = call(attemptTimeoutMs=200, maxAttempts=2)
    assert (result["outcome"], result["kind"], result["attempts"]) == ("failed", "Timeout", 2)
    assert len(server.requests) == 2
    assert time.monotonic() - started < 1.5  # the whole answer takes two seconds


def test_the_control_an_answer_that_trickles_in_time_is_taken(partner: Any) -> None:
    partner("trickle without length")
    assert call(attemptTimeoutMs=5000, deadlineMs=5000)["outcome"] == "ok"


def test_the_deadline_ends_it_whatever_the_attempts(partner: Any) -> None:
    partner("hang")
    started = time.monotonic()
    result = call(attemptTimeoutMs=1000, deadlineMs=300)
    assert (result["outcome"], result["attempts"]) == ("failed", 1)
    assert time.monotonic() - started < 3


def test_lambdas_own_time_is_never_used_up(partner: Any) -> None:
    partner("hang")
    started = time.monotonic()
    assert call(Context(remaining_ms=550))["outcome"] == "failed"
    assert time.monotonic() - started < 3


def test_nobody_listening_is_a_failure(partner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    partner(200).close()
    monkeypatch.setenv("PAYMENTS_URL", "http://127.0.0.1:1")
    result = call()
    assert (result["outcome"], result["kind"], result["attempts"]) == ("failed", "Connect", 3)


def test_a_connection_is_kept_and_a_stale_one_is_not_an_attempt(partner: Any) -> None:
    server = partner(200, "drop", 200)
    assert call()["attempts"] == 1
    assert call()["attempts"] == 1  # the kept connection broke; the request went out on a new one
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"target": "elsewhere", "request": {}},
        {"target": "payments"},
        {"target": "payments", "request": {"method": "GET", "path": "x"}},
        {**EVENT, "idempotencyKey": None},
        {**EVENT, "idempotencyKey": "key\r\nX-Injected: yes"},
        {**EVENT, "correlationId": "ñ"},
        {**EVENT, "request": {"method": "GET", "path": "/a b"}},
        {**EVENT, "attemptTimeoutMs": -1},
        {**EVENT, "deadlineMs": "soon"},
        {**EVENT, "maxAttempts": 0},
        ["no", "event"],
    ],
)
def test_a_bad_event_is_an_outcome_and_not_an_exception(partner: Any, event: Any) -> None:
    server = partner(200)
    result = handler(event, Context())
    assert (result["outcome"], result["attempts"]) == ("failed", 0)
    assert result["kind"].startswith("BadEvent")
    assert server.requests == []


def test_a_target_without_an_address_is_an_outcome(partner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    partner(200)
    monkeypatch.delenv("PAYMENTS_URL")
    assert call()["kind"] == "BadEvent: KeyError"


def test_our_own_services_get_the_internal_secret(partner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = partner(200)
    monkeypatch.setenv("BOXOFFICE_URL", f"http://127.0.0.1:{server.port}")
    call(target="boxoffice")
    assert "Bearer internal-token" in server.requests[0]


def test_the_pauses_are_jittered_and_bounded(partner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    partner(503)
    pauses: list[float] = []
    monkeypatch.setattr(function.time, "sleep", pauses.append)
    for _ in range(30):
        call()
    first, second = pauses[0::2], pauses[1::2]
    assert max(first) <= 0.2
    assert max(second) <= 0.4
    assert len(set(pauses)) > 30


def test_the_line_it_prints_has_no_secret(partner: Any, capsys: pytest.CaptureFixture[str]) -> None:
    partner(200)
    call()
    printed = capsys.readouterr().out
    assert json.loads(printed)["outcome"] == "ok"
    assert "partner-key" not in printed
