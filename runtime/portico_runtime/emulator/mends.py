"""What is wrong with the pinned ministack 1.5.33 and how it is mended. The one place where a dependency is patched.

Each mend names the flaw, and refuses to start if the code that it mends has changed: then read the new code, and
drop or rewrite the mend. Figures are in docs/decisions/0008.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import inspect
import json
import threading
import time
import types
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from jsonata import jsonata
from ministack import app
from ministack.core import lambda_runtime, persistence
from ministack.services import dynamodb, stepfunctions

START_PAUSE_S = 0.15
EXPRESSIONS_MAX = 2_000
STANDARD_EXECUTIONS_MAX = 300  # about 54 KB each
FLUSH_INTERVAL_S = 1.0
DYNAMODB_WRITES = ("_put_item", "_update_item", "_delete_item", "_transact_write_items", "_batch_write_item")
# What a power cut must not take: the stacks, the users, the documents. Executions are found again by their orders.
DURABLE = ("cognito", "dynamodb", "cloudformation", "lambda", "iam", "s3", "stepfunctions", "ses")


class MinistackChangedError(RuntimeError):
    """The installed ministack is not the one that was mended."""


def apply() -> None:
    """Apply every mend."""
    lock = threading.RLock()
    remove_start_pause()
    remember_parsed_expressions()
    shorten_log_wait()
    lock_dynamodb_writes(lock)
    forget_finished_executions()
    flush_state_regularly(lock)


def expect(subject: Callable[..., Any], fragment: str) -> None:
    """Refuse to go on unless the source of the subject still contains what the mend relies on."""
    if fragment not in inspect.getsource(subject):
        raise MinistackChangedError(f"{subject.__qualname__} no longer contains {fragment!r}; see {__name__}")


def remove_start_pause() -> None:
    """Drop the fixed 150 ms at the start of every execution."""
    expect(stepfunctions._run_execution, f"time.sleep({START_PAUSE_S})")  # noqa: SLF001
    clock = types.ModuleType("time")
    clock.__dict__.update(time.__dict__)

    def sleep(seconds: float) -> None:
        if seconds != START_PAUSE_S:
            time.sleep(seconds)

    clock.sleep = sleep  # type: ignore[attr-defined]
    stepfunctions.time = clock


def remember_parsed_expressions() -> None:
    """Parse each JSONata expression once: there are a few dozen, and each state parsed its own anew."""
    expect(jsonata.Jsonata.get_parser, "return")
    make_parser = jsonata.Jsonata.get_parser

    @functools.lru_cache(maxsize=EXPRESSIONS_MAX)
    def parse(source: str) -> Any:  # noqa: ANN401
        return make_parser().parse(source)

    class Remembering:
        dbg = False

        def parse(self, source: str, *_: Any, **__: Any) -> Any:  # noqa: ANN401
            return parse(source)

    parser = Remembering()
    jsonata.Jsonata.get_parser = staticmethod(lambda: parser)


def shorten_log_wait() -> None:
    """Wait 2 ms instead of 50 for log lines of a function that printed nothing."""
    drain = lambda_runtime.Worker._drain_stderr_bounded  # noqa: SLF001
    expect(drain, "first_line_wait")
    lambda_runtime.Worker._drain_stderr_bounded = functools.partialmethod(  # noqa: SLF001
        drain, first_line_wait=0.002, idle_confirm=0.001
    )


def lock_dynamodb_writes(lock: threading.RLock) -> None:
    """Make conditional writes atomic: executions write from threads, and check and change were two steps."""
    expect(dynamodb.handle_request, "_update_item")  # the table of operations is made at each call
    for name in DYNAMODB_WRITES:
        setattr(dynamodb, name, locked(getattr(dynamodb, name), lock))


def locked(function: Callable[..., Any], lock: threading.RLock) -> Callable[..., Any]:
    """Return the function as one that holds the lock."""

    @functools.wraps(function)
    def hold(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        with lock:
            return function(*arguments, **options)

    return hold


def forget_finished_executions() -> None:
    """Drop Express executions when they end and the oldest Standard ones; all were kept for ever."""
    expect(stepfunctions._start_sync_execution, "_executions")  # noqa: SLF001
    expect(stepfunctions._start_execution, "_executions")  # noqa: SLF001
    start_sync, start = stepfunctions._start_sync_execution, stepfunctions._start_execution  # noqa: SLF001
    started: OrderedDict[str, None] = OrderedDict()
    guard = threading.Lock()

    def start_and_forget(data: dict[str, Any]) -> Any:  # noqa: ANN401
        answer = start_sync(data)
        forget(execution_arn(answer))
        return answer

    def start_and_bound(data: dict[str, Any]) -> Any:  # noqa: ANN401
        answer = start(data)
        arn = execution_arn(answer)
        with guard:
            if arn:
                started[arn] = None
            oldest = next(iter(started), None)
            if len(started) > STANDARD_EXECUTIONS_MAX and oldest and not is_running(oldest):
                del started[oldest]
                forget(oldest)
        return answer

    stepfunctions._start_sync_execution = start_and_forget  # noqa: SLF001
    stepfunctions._start_execution = start_and_bound  # noqa: SLF001


def execution_arn(answer: Any) -> str | None:  # noqa: ANN401
    """Return the execution that an answer (status, headers, body) names."""
    body = answer[2]
    try:
        arn: str | None = json.loads(body).get("executionArn")
    except (ValueError, AttributeError):
        return None
    return arn


def is_running(arn: str) -> bool:
    """Whether an execution has not ended."""
    execution = stepfunctions._executions.get(arn)  # noqa: SLF001
    return bool(execution and execution.get("status") == "RUNNING")


def forget(arn: str | None) -> None:
    """Drop what is kept of an execution."""
    if arn:
        stepfunctions._executions.pop(arn, None)  # noqa: SLF001


def state_mark(name: str, get_state: Callable[[], Any]) -> bytes:
    """Return a digest of what must be written again when it changes: of Step Functions, only the definitions."""
    state = stepfunctions._state_machines if name == "stepfunctions" else get_state()  # noqa: SLF001
    return hashlib.blake2b(json.dumps(state, default=persistence._json_default).encode()).digest()  # noqa: SLF001


def flush_state_regularly(lock: threading.RLock) -> None:
    """Write the state of the durable services about once a second, and not only at an orderly stop.

    On the event loop, so that no request changes it meanwhile, and under the writes' lock, so that no execution does.
    """
    expect(app._build_persistence_save_dict, "get_state")  # noqa: SLF001
    expect(persistence.save_all, "save_state")
    run_ready_scripts = app._run_ready_scripts  # noqa: SLF001
    written: dict[str, bytes] = {}

    def flush() -> None:
        sources = {name: get for name, get in app._build_persistence_save_dict().items() if name in DURABLE}  # noqa: SLF001
        with lock:
            for name, get in sources.items():
                mark = state_mark(name, get)
                if written.get(name) != mark:
                    persistence.save_state(name, get())
                    written[name] = mark

    async def keep_flushing() -> None:
        while True:
            await asyncio.sleep(FLUSH_INTERVAL_S)
            flush()

    async def run_ready_scripts_and_flush() -> None:
        task = asyncio.create_task(keep_flushing())
        task.add_done_callback(lambda ended: ended.cancelled() or ended.result())
        await run_ready_scripts()

    app._run_ready_scripts = run_ready_scripts_and_flush  # noqa: SLF001
