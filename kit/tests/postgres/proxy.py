"""A proxy before a real server, so that a test can freeze it or lose its answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Passes bytes on, unless it is frozen; a deaf one passes none back and breaks the connection instead."""

    frozen = False
    deaf = False

    def __init__(self, port: int) -> None:
        self._port = port
        self.tasks: set[asyncio.Task[None]] = set()
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond_reader, beyond_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.writers += [writer, beyond_writer]
        forth, back = self._pass_on(reader, beyond_writer), self._pass_on(beyond_reader, writer, back=True)
        self.tasks |= {asyncio.create_task(forth), asyncio.create_task(back)}

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, back: bool = False
    ) -> None:
        while part := await source.read(65_536):
            if back and self.deaf:
                break
            if not self.frozen:
                sink.write(part)
        sink.close()


@asynccontextmanager
async def proxy(port: int, target: int) -> AsyncIterator[Proxy]:
    passing = Proxy(target)
    server = await asyncio.start_server(passing, "127.0.0.1", port)
    try:
        yield passing
    finally:
        server.close()
        for task in passing.tasks:
            task.cancel()
        for writer in passing.writers:
            writer.transport.abort()
        await asyncio.gather(*passing.tasks, return_exceptions=True)
