"""One process that serves one instance: Granian embedded in our own event loop.

Granian's usual mode keeps a parent beside each worker, which would be one idle Python for each instance.
Embedded, the loop is ours, and with it the order of leaving: stop being ready, serve on until the balancer
has noticed, refuse new connections, finish what is under way, close the stores.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable
from typing import TypeVar

import uvloop
from fastapi import FastAPI
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from portico_kit.settings import ServiceSettings
from portico_kit.telemetry import configure_logging, get_logger

log = get_logger(__name__)
Settings = TypeVar("Settings", bound=ServiceSettings)
FINISH_TIMEOUT_S = 10.0
# Longer than a balancer keeps an idle connection (an ALB 60 s): who reuses it must be the one to close it.
KEEP_ALIVE_S = 75
BACKLOG = 1024


def run(create_app: Callable[[Settings], FastAPI], settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then leave in good order."""
    configure_logging(settings)
    logging.getLogger("_granian").setLevel(logging.WARNING)
    refuse_taken_port(settings.host, settings.port)
    uvloop.run(serve(create_app(settings), settings))


def refuse_taken_port(host: str, port: int) -> None:
    """End the process if somebody listens there: Granian shares ports and would take some of its requests."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise SystemExit(f"cannot listen on {host}:{port}: {error.strerror}") from None


async def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Open the application, serve it, drain it, close it."""
    async with app.router.lifespan_context(app):
        stop = stop_signal()  # until now a signal just ended the process: nothing was under way
        gc.freeze()  # what start-up made stays: the collector need not look at it again
        server = make_server(app, settings)
        serving = asyncio.create_task(server.serve())
        log.info("serving", extra={"address": f"{settings.host}:{settings.port}"})
        await wait_for_either(stop, serving)
        await drain(app, server, serving, drain_s=settings.drain_s)
    log.info("stopped")


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def make_server(app: FastAPI, settings: ServiceSettings) -> Server:
    """Put Granian before the application; the lifespan is ours, not its."""
    return Server(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        backlog=BACKLOG,
        websockets=False,
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_S * 1000),
    )


async def wait_for_either(stop: asyncio.Event, serving: asyncio.Task[None]) -> None:
    """Wait for the signal; a server that ends by itself ends the process with its error."""
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({asked, serving}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if serving.done():
        serving.result()
        raise RuntimeError("the server stopped by itself")


async def drain(app: FastAPI, server: Server, serving: asyncio.Task[None], *, drain_s: float) -> None:
    """Serve on as not ready, then refuse connections and let what is under way finish, in bounded time."""
    app.state.draining = True
    log.info("draining")
    await asyncio.sleep(drain_s)
    server.stop()  # type: ignore[no-untyped-call]
    try:
        await asyncio.wait_for(serving, timeout=FINISH_TIMEOUT_S)
    except TimeoutError:
        log.warning("requests were still under way; leaving without them")
