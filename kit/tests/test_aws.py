"""Clients are made when first used, give up in bounded time, and try twice at most."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest

from portico_kit import aws
from portico_kit.aws import AwsClients
from portico_kit.dynamodb import store_errors
from portico_kit.errors import Unavailable
from portico_kit.settings import AwsSettings
from tests.fixtures.ports import free_port

OK = b'{"TableNames": []}'
BUSY = b'{"__type": "InternalServerError"}'


class Endpoint:
    """An HTTP endpoint that answers with the statuses of its script, then with 200, and counts."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.requests = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while head := await reader.readuntil(b"\r\n\r\n"):
            self.requests += 1
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.partition(b":")[2]))
            status = self.script.pop(0) if self.script else 200
            body = OK if status == 200 else BUSY
            writer.write(b"HTTP/1.1 %d Status\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body))


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


@pytest.fixture
async def endpoint() -> AsyncIterator[tuple[Endpoint, AwsSettings]]:
    answering = Endpoint()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answering(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield answering, settings_at(server.sockets[0].getsockname()[1])
    server.close()
    for writer in answering.writers:
        writer.transport.abort()


def settings_at(port: int) -> AwsSettings:
    return AwsSettings(aws_endpoint_url=f"http://127.0.0.1:{port}")


async def test_a_client_is_made_once_for_all_who_ask_at_once(endpoint: tuple[Endpoint, AwsSettings]) -> None:
    answering, settings = endpoint
    async with AwsClients(settings) as clients:
        assert clients._clients == {}
        await asyncio.gather(*(clients.dynamodb.list_tables() for _ in range(10)))
        assert list(clients._clients) == ["dynamodb"]
    assert answering.requests == 10


async def test_a_failure_is_tried_once_more_and_not_oftener(endpoint: tuple[Endpoint, AwsSettings]) -> None:
    answering, settings = endpoint
    async with AwsClients(settings) as clients:
        answering.script = [500]
        await clients.dynamodb.list_tables()
        assert answering.requests == 2
        answering.script = [500] * 10
        with pytest.raises(Unavailable), store_errors():
            await clients.dynamodb.list_tables()
        assert answering.requests == 4


async def test_an_endpoint_that_hangs_is_given_up(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "READ_TIMEOUT_S", 0.2)
    began = time.monotonic()
    async with AwsClients(settings_at(silent_port)) as clients:
        with pytest.raises(Unavailable), store_errors():
            await clients.dynamodb.list_tables()
    assert time.monotonic() - began < 5


async def test_an_endpoint_that_is_away_is_unavailable_and_comes_back(
    endpoint: tuple[Endpoint, AwsSettings],
) -> None:
    async with AwsClients(settings_at(free_port())) as clients:
        with pytest.raises(Unavailable), store_errors():
            await clients.dynamodb.list_tables()
    async with AwsClients(endpoint[1]) as clients:
        assert (await clients.dynamodb.list_tables())["TableNames"] == []


def test_nothing_of_aws_is_loaded_before_the_first_call() -> None:
    script = "import sys, portico_kit.aws, portico_kit.auth; print('botocore' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
