"""Which address a visitor comes from, as far as limits are concerned."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

IPV6_PREFIX_BITS = 64  # one customer has at least this much: counting single addresses would count nothing
UNKNOWN = "unknown"


def client_address(request: Request, header: str) -> str:
    """Return the address that the gateway gives in `header`, else the peer's; all of an IPv6 /64 is one."""
    peer = request.client.host if request.client else ""
    return _network(request.headers.get(header, "")) or _network(peer) or UNKNOWN


def _network(text: str) -> str | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), IPV6_PREFIX_BITS), strict=False))
