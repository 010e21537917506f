"""How the command line speaks to a running system: one JSON request, one JSON answer, over loopback.

The port is in the state folder, and so is the token, which only the owner of the folder can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Self

from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder

HOST = "127.0.0.1"
PORT_NAME = "control"
REQUEST_BYTES_MAX = 65_536
ANSWER_BYTES_MAX = 8_000_000
REQUEST_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60  # a restart drains first
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlServer:
    """Answers requests that carry the token while it is entered."""

    def __init__(self, port: int, token: str, handle: Handler) -> None:
        self._port = port
        self._token = token
        self._handle = handle
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, HOST, self._port, limit=REQUEST_BYTES_MAX)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = await self._answer(reader)
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> dict[str, Any]:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                request = json.loads(await reader.readline())
            if not secrets.compare_digest(str(request["token"]).encode(), self._token.encode()):
                return {"error": "the control token is wrong"}
            return await self._handle(request)
        except (ValueError, KeyError, TypeError, TimeoutError, ConnectionError) as error:
            return {"error": f"the request is not understood ({type(error).__name__})"}
        except OperatorError as problem:
            return {"error": problem.what, "remedy": problem.remedy}


async def ask(state: StateFolder, action: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """Ask the running system; `OperatorError` if none runs, it does not answer, or it refuses."""
    port = (state.read("ports") or {}).get(PORT_NAME)
    token = (state.read("secrets") or {}).get("control_token")
    if not state.is_locked() or port is None or token is None:
        raise OperatorError(f"no system runs on {state.path}", "start one: ./portico up")
    request = {"action": action, "token": token, **arguments}
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(HOST, port, limit=ANSWER_BYTES_MAX)
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            answer: dict[str, Any] = json.loads(await reader.readline())
            writer.close()
    except (OSError, TimeoutError, ValueError):
        raise OperatorError("the running system does not answer", "stop it: ./portico down") from None
    if "error" in answer:
        raise OperatorError(str(answer["error"]), str(answer.get("remedy", "see ./portico --help")))
    return answer
