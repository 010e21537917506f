"""How the command line speaks to a running system: one JSON request and one JSON answer over a local socket.

The socket lies in a short folder of the user's own, since a socket's path may have only about 100 characters.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder

REQUEST_BYTES_MAX = 65_536
ANSWER_BYTES_MAX = 8_000_000
ANSWER_TIMEOUT_S = 30
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def socket_path(state: StateFolder) -> Path:
    """Return where the system of a state folder listens."""
    folder = Path(tempfile.gettempdir()) / f"portico-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise OperatorError(f"{folder} belongs to somebody else", "remove it, or set TMPDIR to a folder of yours")
    name = hashlib.sha256(str(state.path).encode()).hexdigest()[:16]
    return folder / f"{name}.sock"


class ControlServer:
    """Answers requests while it is entered."""

    def __init__(self, state: StateFolder, handle: Handler) -> None:
        self._path = socket_path(state)
        self._handle = handle
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> ControlServer:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._converse, self._path, limit=REQUEST_BYTES_MAX)
        self._path.chmod(0o600)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            answer = await self._handle(request)
        except (ValueError, KeyError) as error:
            answer = {"error": f"the request is not understood ({type(error).__name__})"}
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()


async def ask(state: StateFolder, action: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401  JSON values
    """Ask the running system; `OperatorError` if none runs or it does not answer."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(socket_path(state), limit=ANSWER_BYTES_MAX)
            writer.write(json.dumps({"action": action, **arguments}).encode() + b"\n")
            await writer.drain()
            answer: dict[str, Any] = json.loads(await reader.readline())
            writer.close()
    except (FileNotFoundError, ConnectionRefusedError):
        raise OperatorError(f"no system runs on {state.path}", "start one: ./portico up") from None
    except (TimeoutError, ConnectionError, ValueError):
        raise OperatorError("the running system does not answer", "stop it: ./portico down") from None
    if "error" in answer:
        raise OperatorError(str(answer["error"]), "see ./portico --help")
    return answer
