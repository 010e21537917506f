"""A real process: it serves, and on SIGTERM it leaves without failing a request."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.fixtures.ports import free_port

EXAMPLE = Path(__file__).parent / "served_example.py"


class Served:
    """A running example."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        named = {"SERVICE_NAME": "example", "INSTANCE": "example-a1", "PORT": str(self.port)}
        self.process = subprocess.Popen(
            [sys.executable, str(EXAMPLE)], env={**os.environ, **named, **environment}, stdout=subprocess.PIPE
        )
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    async def answering(self) -> None:
        for _ in range(300):
            try:
                await self.http.get("/health/live")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
        raise RuntimeError("the example does not answer")

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> tuple[int, str]:
        output, _ = await asyncio.to_thread(self.process.communicate, timeout=30)
        return self.process.returncode, output.decode()


@asynccontextmanager
async def started(**environment: str) -> AsyncIterator[Served]:
    served = Served(**environment)
    try:
        yield served
    finally:
        served.process.kill()
        await served.http.aclose()
        await served.ended()


async def test_a_draining_instance_finishes_what_it_began() -> None:
    async with started(DRAIN_S="1") as served:
        await served.answering()
        slow = asyncio.create_task(served.http.get("/slow?seconds=2"))
        await asyncio.sleep(0.3)
        served.terminate()
        await asyncio.sleep(0.3)
        # Not ready any more, so that the balancer looks elsewhere, and still serving who is here already.
        assert (await served.http.get("/health/ready")).status_code == 503
        late = await served.http.get("/slow?seconds=0")
        assert (late.status_code, late.headers["connection"]) == (200, "close")
        await asyncio.sleep(0.8)
        with pytest.raises(httpx.ConnectError):
            await served.http.get("/health/live")
        assert (await slow).text == '"done"'
        code, output = await served.ended()
    assert code == 0
    assert output.index("draining") < output.index("closed") < output.index("stopped")


async def test_a_stream_of_requests_on_kept_connections_survives_the_drain() -> None:
    async with started(DRAIN_S="0.5") as served:
        await served.answering()
        answers: list[int] = []

        async def client() -> None:
            """Ask on and on by one connection, until told that the instance is leaving."""
            async with httpx.AsyncClient(base_url=served.http.base_url) as http:
                leaving = False
                while not leaving:
                    answer = await http.get("/slow?seconds=0.001")
                    answers.append(answer.status_code)
                    leaving = answer.headers.get("connection") == "close"

        clients = [asyncio.create_task(client()) for _ in range(8)]
        async with asyncio.timeout(20):
            while len(answers) < 100:  # noqa: ASYNC110  the answers themselves are what is waited for
                await asyncio.sleep(0.01)
        served.terminate()
        await asyncio.gather(*clients)
        assert (await served.ended())[0] == 0
    assert set(answers) == {200}


async def test_the_same_requests_fail_when_the_process_is_simply_killed() -> None:
    """The control of both tests above."""
    async with started() as served:
        await served.answering()
        slow = asyncio.create_task(served.http.get("/slow?seconds=2"))
        await asyncio.sleep(0.3)
        served.process.kill()
        with pytest.raises(httpx.TransportError):
            await slow


async def test_a_signal_while_opening_ends_it_at_once() -> None:
    async with started(OPENING_S="30") as served:
        await asyncio.sleep(1.5)
        began = time.monotonic()
        served.terminate()
        await served.ended()
        assert time.monotonic() - began < 5


async def test_a_taken_port_is_an_error_and_not_a_silent_wait() -> None:
    async with started() as first:
        await first.answering()
        async with started(PORT=str(first.port)) as second:
            code, _ = await second.ended()
        assert code == 1
        assert (await first.http.get("/health/ready")).status_code == 200


def test_partners_do_not_pay_for_what_only_others_use() -> None:
    """What every service imports has neither the AWS client nor cryptography nor Alembic in it."""
    heavy: Callable[[str], bool] = {
        "botocore",
        "aiobotocore",
        "httpx",
        "cryptography",
        "alembic",
    }.__contains__
    script = "import sys, portico_kit.server, portico_kit.service, portico_kit.postgres; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert not [name for name in done.stdout.split() if heavy(name)]
