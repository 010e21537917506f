"""Ports of a system's processes: chosen free, remembered, and beside those of outgoing connections."""

from __future__ import annotations

import errno
import socket
import zlib
from pathlib import Path

import psutil

from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_EPHEMERAL = (32_768, 60_999)
PORTS_WANTED = 12_000
UNPRIVILEGED_FIRST = 1024


class PortBook:
    """Gives each name its port, the same one at each start as long as nobody else has it."""

    def __init__(self, state: StateFolder, *, reserved: int) -> None:
        self._state = state
        self._reserved = reserved
        self._ports: dict[str, int] = state.read("ports") or {}
        self._given: dict[str, int] = {}
        if not all(type(port) is int and 0 < port < 2**16 for port in self._ports.values()):
            raise state.corrupt("ports.json", "it has something else than port numbers")

    def port(self, name: str) -> int:
        """Return the port of a name."""
        if name not in self._given:
            known = self._ports.get(name)
            self._given[name] = known if known is not None and self._is_usable(known) else self._choose()
        return self._given[name]

    def save(self) -> None:
        """Remember the ports for the next start."""
        self._state.write("ports", {**self._ports, **self._given})

    def _is_usable(self, port: int) -> bool:
        return port not in {self._reserved, *self._given.values()} and is_free("127.0.0.1", port)

    def _choose(self) -> int:
        """Look from a place of the state folder's own, so that systems started at once do not meet."""
        candidates = port_range()
        start = zlib.crc32(str(self._state.path).encode()) % len(candidates)
        remembered = set(self._ports.values())
        for offset in range(len(candidates)):
            candidate = candidates[(start + offset) % len(candidates)]
            if candidate not in remembered and self._is_usable(candidate):
                return candidate
        raise OperatorError(
            f"no port is free between {candidates[0]} and {candidates[-1]}", "stop what uses them"
        )


def port_range() -> range:
    """Return where to look: beside the ports that the kernel gives to outgoing connections, if possible."""
    try:
        first, last = map(int, EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        first, last = USUAL_EPHEMERAL
    if first > PORTS_WANTED + UNPRIVILEGED_FIRST:
        return range(first - PORTS_WANTED, first)
    if last + PORTS_WANTED < 2**16:
        return range(last + 1, last + 1 + PORTS_WANTED)
    return range(2**16 - PORTS_WANTED, 2**16)


def is_free(host: str, port: int) -> bool:
    """Whether nothing listens on an address."""
    with socket.socket(family_of(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(host: str, port: int) -> None:
    """Raise `OperatorError` naming who has the port, if somebody does."""
    with socket.socket(family_of(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise OperatorError(
                f"port {port} is not for this user", "use one above 1023: --port 8080"
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise OperatorError(
                    f"cannot serve on {host} ({error.strerror})", "use --host 127.0.0.1"
                ) from None
            nearby = (*range(port + 1, 2**16), *range(port - 1, UNPRIVILEGED_FIRST, -1))
            other = next(number for number in nearby if is_free(host, number))
            raise OperatorError(
                f"port {port} is in use{by_whom(port)}", f"use another: --port {other}"
            ) from None


def family_of(host: str) -> socket.AddressFamily:
    """Return the kind of address that a host is."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def by_whom(port: int) -> str:
    """Return " by NAME (pid N)" for the listener of a port, as far as we may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        listening = (
            connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        )
        if listening and connection.pid:
            try:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                return ""
    return ""
