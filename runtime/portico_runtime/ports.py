"""Ports of a system's processes: chosen free, remembered, and outside what the kernel gives to outgoing connections."""

from __future__ import annotations

import socket
import zlib

import psutil

from portico_runtime.problems import OperatorError
from portico_runtime.state import StateFolder

FIRST, LAST = 20_000, 32_000  # below Linux's usual ephemeral range, which starts at 32,768


class PortBook:
    """Gives each name its port, the same one at each start as long as nobody else has it."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._ports: dict[str, int] = state.read("ports") or {}
        self._given: dict[str, int] = {}

    def port(self, name: str) -> int:
        """Return the port of a name."""
        if name not in self._given:
            known = self._ports.get(name)
            usable = known is not None and known not in self._given.values() and is_free("127.0.0.1", known)
            self._given[name] = known if known is not None and usable else self._choose()
        return self._given[name]

    def save(self) -> None:
        """Remember the ports for the next start."""
        self._state.write("ports", {**self._ports, **self._given})

    def _choose(self) -> int:
        start = FIRST + zlib.crc32(str(self._state.path).encode()) % (LAST - FIRST)
        taken = {*self._given.values(), *self._ports.values()}
        for offset in range(LAST - FIRST):
            candidate = FIRST + (start - FIRST + offset) % (LAST - FIRST)
            if candidate not in taken and is_free("127.0.0.1", candidate):
                return candidate
        raise OperatorError("no port is free between 20000 and 32000", "stop what uses them")


def is_free(host: str, port: int) -> bool:
    """Whether nothing listens on an address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(host: str, port: int) -> None:
    """Raise `OperatorError` naming who has the port, if somebody does."""
    if port < 1024 and not is_free(host, port):
        raise OperatorError(f"port {port} cannot be used by this user", f"use a higher one: ./portico up --port {8080}")
    if not is_free(host, port):
        raise OperatorError(f"port {port} is in use{by_whom(port)}", f"use another: ./portico up --port {port + 1}")


def by_whom(port: int) -> str:
    """Return " by NAME (pid N)" for the listener of a port, as far as we may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        listening = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listening and connection.pid:
            try:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                return ""
    return ""
