from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from portico_runtime.control import PORT_NAME, ControlServer, ask
from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder
from tests.fixtures.ports import free_port

TOKEN = "the-control-token"


async def answer(request: dict[str, Any]) -> dict[str, Any]:
    if request["action"] == "refuse":
        raise OperatorError("not now", "later")
    return {"heard": request["action"], "name": request.get("name")}


@pytest.fixture
async def served(state: StateFolder) -> AsyncIterator[StateFolder]:
    state.write("ports", {PORT_NAME: free_port()})
    state.write("secrets", {"control_token": TOKEN})
    port = (state.read("ports") or {})[PORT_NAME]
    with state.locked():
        async with ControlServer(port, TOKEN, answer):
            yield state


async def test_a_question_is_answered(served: StateFolder) -> None:
    assert await ask(served, "restart", name="envoy") == {"heard": "restart", "name": "envoy"}


async def test_a_refusal_comes_with_its_remedy(served: StateFolder) -> None:
    with pytest.raises(OperatorError, match="not now; later"):
        await ask(served, "refuse")


async def test_a_wrong_token_is_refused(served: StateFolder) -> None:
    served.write("secrets", {"control_token": "guessed"})
    with pytest.raises(OperatorError, match="the control token is wrong"):
        await ask(served, "status")


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"action": "status"}', b"\xff", b'{"token": 1}'])
async def test_what_is_no_request_is_refused_and_the_server_lives_on(
    served: StateFolder, line: bytes
) -> None:
    port = (served.read("ports") or {})[PORT_NAME]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(line + b"\n")
    assert "error" in json.loads(await reader.readline())
    writer.close()
    assert await ask(served, "status")


async def test_nobody_there(state: StateFolder) -> None:
    with pytest.raises(OperatorError, match=r"no system runs on .*; start one"):
        await ask(state, "status")


async def test_a_system_that_does_not_answer_yet(state: StateFolder) -> None:
    state.write("ports", {PORT_NAME: free_port()})
    state.write("secrets", {"control_token": TOKEN})
    with state.locked(), pytest.raises(OperatorError, match="does not answer"):
        await ask(state, "status")
