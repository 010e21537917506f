"""How the runtime asks whether a process is ready: one small HTTP request, without a client library."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

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


async def healthy_members(admin_port: int) -> Counter[str]:
    """Return how many healthy instances Envoy knows of each cluster; nothing while it does not answer."""
    found: Counter[str] = Counter()
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            body = await body_of(admin_port, "/stats?filter=membership_healthy")
    except (OSError, TimeoutError):
        return found
    for cluster, number in re.findall(r"^cluster\.(.+)\.membership_healthy: (\d+)", body, re.MULTILINE):
        found[cluster] = int(number)
    return found


async def status_of(port: int, path: str) -> int:
    """Return the status that loopback answers with; `OSError` or `ValueError` if there is none."""
    async with requested(port, path) as reader:
        version, _, rest = (await reader.readline()).partition(b" ")
        return int(rest[:3]) if version.startswith(b"HTTP/") else 0


async def body_of(port: int, path: str) -> str:
    """Return everything that loopback answers."""
    async with requested(port, path) as reader:
        return (await reader.read()).decode(errors="replace")


@asynccontextmanager
async def requested(port: int, path: str) -> AsyncIterator[asyncio.StreamReader]:
    """Send a request to loopback and give the answer to read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        yield reader
    finally:
        writer.close()
