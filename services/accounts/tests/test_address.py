"""The address that failures are counted by comes from the gateway's header, never from another one."""

from __future__ import annotations

import pytest
from fastapi import Request

from accounts.sessions.address import client_address

HEADER = "x-envoy-external-address"


def request(headers: dict[str, str], peer: str | None = "127.0.0.1") -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw, "client": (peer, 4711) if peer else None})


@pytest.mark.parametrize(
    ("headers", "peer", "address"),
    [
        ({HEADER: "203.0.113.9"}, "127.0.0.1", "203.0.113.9"),
        ({}, "198.51.100.2", "198.51.100.2"),
        ({HEADER: "nonsense"}, "198.51.100.2", "198.51.100.2"),
        ({"x-forwarded-for": "203.0.113.9"}, "198.51.100.2", "198.51.100.2"),
        ({HEADER: "2001:db8:1:2:3:4:5:6"}, "127.0.0.1", "2001:db8:1:2::/64"),
        ({HEADER: "2001:db8:1:2:ffff::1"}, "127.0.0.1", "2001:db8:1:2::/64"),
        ({HEADER: "::ffff:203.0.113.9"}, "127.0.0.1", "203.0.113.9"),
        ({}, None, "unknown"),
    ],
)
def test_the_address_of_a_visitor(headers: dict[str, str], peer: str | None, address: str) -> None:
    assert client_address(request(headers, peer), HEADER) == address
