from __future__ import annotations

import socket
from pathlib import Path

import pytest

from portico_runtime import ports as ports_module
from portico_runtime.ports import PortBook, port_range, require_free
from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder


def test_ports_are_remembered(state: StateFolder) -> None:
    book = PortBook(state, reserved=1)
    first = {name: book.port(name) for name in ("gateway", "emulator", "gateway")}
    book.save()
    again = PortBook(state, reserved=1)
    assert {name: again.port(name) for name in first} == first
    assert len(set(first.values())) == 2


def test_a_port_that_somebody_took_is_given_up(state: StateFolder) -> None:
    book = PortBook(state, reserved=1)
    port = book.port("gateway")
    book.save()
    with socket.create_server(("127.0.0.1", port)):
        assert PortBook(state, reserved=1).port("gateway") != port
    assert PortBook(state, reserved=port).port("gateway") != port  # the edge was given it


def test_damage_is_named(state: StateFolder) -> None:
    state.write("ports", {"gateway": "high"})
    with pytest.raises(OperatorError, match=r"ports\.json"):
        PortBook(state, reserved=1)


@pytest.mark.parametrize(
    ("ephemeral", "expected"),
    [
        ("32768\t60999", range(20_768, 32_768)),
        ("1024 40000", range(40_001, 52_001)),
        ("1024 65535", range(53_536, 65_536)),
        ("what", range(20_768, 32_768)),
    ],
)
def test_ports_lie_beside_those_of_outgoing_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ephemeral: str, expected: range
) -> None:
    setting = tmp_path / "ip_local_port_range"
    setting.write_text(ephemeral)
    monkeypatch.setattr(ports_module, "EPHEMERAL", setting)
    assert port_range() == expected


def test_who_has_the_port_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            OperatorError, match=rf"port {port} is in use by .+ \(pid \d+\); use another: --port {port + 1}"
        ):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(OperatorError, match="cannot serve on"):
        require_free("203.0.113.1", 8080)
