"""How the runtime asks a process whether it is ready: one small HTTP request, without a client library's weight."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PROBE_TIMEOUT_S = 1.0


def http_ready(port: int, path: str) -> Callable[[], Awaitable[bool]]:
    """Return a probe that says yes when the address answers 200."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await status_of(port, path) == 200
        except (OSError, TimeoutError, ValueError):
            return False

    return probe


async def status_of(port: int, path: str) -> int:
    """Return the status that loopback answers with; `OSError` or `ValueError` if it does not answer in HTTP."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
        return int(line.split()[1]) if line.startswith(b"HTTP/") else 0
    finally:
        writer.close()
