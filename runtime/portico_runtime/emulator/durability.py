"""State that outlives a SIGKILL: written about a second after it changed, and not only at an orderly stop.

Only what nobody can make again is written so: stacks, users, documents. A service is written when a request
that may have changed it was served since the last time. It is copied on the event loop, so that no request
changes it meanwhile, and under the lock of DynamoDB's writes, so that no execution does. A thread writes it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import dynamodb

from portico_runtime.emulator.mends import DYNAMODB_WRITES, expect

FLUSH_INTERVAL_S = 1.0
PAUSE_RATIO = 20  # of the time that requests waited: flushing costs them at most a twentieth
# Services by the names of their handlers, and the file that each is kept in.
DURABLE = {
    "cloudformation": "cloudformation",
    "cognito-idp": "cognito",
    "dynamodb": "dynamodb",
    "iam": "iam",
    "lambda": "lambda",
    "s3": "s3",
    "ses": "ses",
    "states": "stepfunctions",
}
READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "StartExecution", "StartSyncExecution")

logger = logging.getLogger("durability")
Handler = Callable[..., Awaitable[Any]]
Starter = Callable[[], Awaitable[None]]


class Journal:
    """Which durable services may have changed since they were last written."""

    def __init__(self, writes: threading.RLock) -> None:
        self._writes = writes
        self._changed: set[str] = set()
        self._writing = threading.Lock()

    def changed(self, name: str) -> None:
        """Note that a service may have changed. A stack's resources are other services' state."""
        self._changed |= set(DURABLE.values()) if name == "cloudformation" else {name}

    async def flush(self) -> float:
        """Write what has changed; return the processor time in seconds for which requests had to wait."""
        if not self._changed:
            return 0.0
        names, self._changed = self._changed, set()
        sources = app._build_persistence_save_dict()  # noqa: SLF001
        states = {}
        started = time.thread_time()
        with self._writes:
            for name in names & sources.keys():
                try:
                    states[name] = sources[name]()
                except RuntimeError:  # a thread changed a collection while it was copied: next time
                    self._changed.add(name)
        copying_s = time.thread_time() - started
        await asyncio.to_thread(self._write, states)
        return copying_s

    async def keep_flushing(self) -> None:
        """Flush for ever, pausing longer when it takes long."""
        while True:
            copying_s = await self.flush()
            await asyncio.sleep(max(FLUSH_INTERVAL_S, PAUSE_RATIO * copying_s))

    def save_all(self, services: Mapping[str, Callable[[], Any]]) -> None:
        """Write everything at an orderly stop, after a flush that is under way."""
        with self._writing:
            persistence.save_all(services)

    def _write(self, states: Mapping[str, Any]) -> None:
        with self._writing:
            for name, state in states.items():
                try:
                    write(name, state)
                except OSError as error:
                    self._changed.add(name)
                    reason = error.strerror
                    logger.error("the state of %s is not written: %s", name, reason)  # noqa: TRY400


def write(name: str, state: Any) -> None:  # noqa: ANN401
    """Write one service's file as `persistence.save_state` does, but in one piece: eight times as fast."""
    version = persistence._state_format_version(name)  # noqa: SLF001
    content = {"__ministack_format__": version, "payload": state}
    target = Path(persistence.STATE_DIR, f"{name}.json")
    staged = target.with_suffix(".part")
    staged.write_text(json.dumps(content, default=persistence._json_default))  # noqa: SLF001
    staged.replace(target)


def apply(writes: threading.RLock) -> None:
    """Have changes noted and written."""
    expect(app._build_persistence_save_dict, "save_dict[key] = mod.get_state")  # noqa: SLF001
    lifespan = app._handle_lifespan  # noqa: SLF001
    expect(lifespan, "save_all(_build_persistence_save_dict())", "_run_ready_scripts()")
    expect(persistence.save_state, '"__ministack_format__": _state_format_version(service), "payload": data')
    expect(app._dispatch_service_request, "handler = SERVICE_HANDLERS.get(service)")  # noqa: SLF001
    journal = Journal(writes)
    for service, name in DURABLE.items():
        app.SERVICE_HANDLERS[service] = noting(app.SERVICE_HANDLERS[service], journal, name)
    for operation in DYNAMODB_WRITES:
        setattr(dynamodb, operation, noting_write(getattr(dynamodb, operation), journal))
    app.save_all = journal.save_all
    app._run_ready_scripts = flushing(app._run_ready_scripts, journal)  # noqa: SLF001


def noting(handler: Handler, journal: Journal, name: str) -> Handler:
    """Return the handler as one that notes what it may have changed."""

    @functools.wraps(handler)
    async def handle(
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, list[str]],
    ) -> Any:  # noqa: ANN401
        try:
            return await handler(method, path, headers, body, query)
        finally:
            if not is_read(method, path, headers):
                journal.changed(name)

    return handle


def noting_write(operation: Callable[..., Any], journal: Journal) -> Callable[..., Any]:
    """Return a DynamoDB operation, which executions call directly, as one that notes itself."""

    @functools.wraps(operation)
    def act(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        try:
            return operation(*arguments, **options)
        finally:
            journal.changed("dynamodb")

    return act


def is_read(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Whether a request changes nothing that is kept."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    return action.startswith(READS) or method in {"GET", "HEAD"} or path.endswith("/invocations")


def flushing(run_ready_scripts: Starter, journal: Journal) -> Starter:
    """Return what ministack runs once it serves, with the flushing beside it."""

    async def run() -> None:
        task = asyncio.create_task(journal.keep_flushing())
        task.add_done_callback(lambda ended: ended.cancelled() or ended.result())
        await run_ready_scripts()

    return run
