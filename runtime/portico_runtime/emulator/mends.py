"""What is wrong with the pinned ministack 1.5.33 and how it is mended. Here alone a dependency is patched.

Each mend names the flaw, and refuses to start if the code that it mends has changed: then read the new code,
and drop or rewrite the mend. `durability` makes state outlive a kill. Figures: docs/decisions/0008.
"""

from __future__ import annotations

import copy
import functools
import inspect
import json
import threading
import time
import types
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from jsonata import jsonata, timebox
from ministack import app
from ministack.core import lambda_runtime
from ministack.services import cloudwatch_logs, dynamodb, lambda_svc, ses, stepfunctions

START_PAUSE_S = 0.15
EXPRESSIONS_MAX = 2_000
EXECUTIONS_MAX = 1_000  # finished ones, about 2 KB each without their history
HISTORIES_MAX = 100  # about 54 KB each
LOG_STREAMS_MAX = 200  # an invocation makes its own
MESSAGES_MAX = 200  # as many as the mailbox shows; about 60 KB each with a picture
DYNAMODB_WRITES = ("_put_item", "_update_item", "_delete_item", "_transact_write_items", "_batch_write_item")
DEFINITIONS = ("state_machines", "tags", "activities", "state_machine_versions", "state_machine_aliases")


class MinistackChangedError(RuntimeError):
    """The installed ministack is not the one that was mended."""


def apply(writes: threading.RLock) -> None:
    """Apply every mend; `writes` becomes the lock of DynamoDB's writes."""
    remove_start_pause()
    remember_parsed_expressions()
    time_expressions_by_processor()
    shorten_log_wait()
    lock_dynamodb_writes(writes)
    forget_express_executions()
    bound_standard_executions()
    silence_status_events()
    persist_definitions_only()
    bound_log_streams()
    bound_messages()
    keep_raw_messages()


def expect(subject: Callable[..., Any], *fragments: str) -> None:
    """Refuse to go on unless the source of the subject still contains what the mend relies on."""
    source = inspect.getsource(subject)
    for fragment in fragments:
        if fragment not in source:
            name = f"{subject.__module__}.{subject.__qualname__}"
            raise MinistackChangedError(
                f"{name} no longer contains {fragment!r}: install the locked ministack, or revise {__name__}"
            )


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


def time_expressions_by_processor() -> None:
    """Stop an expression after a second of its own work, not of waiting for its turn on a busy machine.

    The clock itself stays: `$millis()` reads it too.
    """
    check = timebox.Timebox.check_runaway
    expect(check, "Timebox.current_milli_time() - self.time > self.timeout")

    def check_work(box: Any) -> None:  # noqa: ANN401
        now_s = time.thread_time()
        worked_s = now_s - box.__dict__.setdefault("worked_since_s", now_s)
        box.time = timebox.Timebox.current_milli_time() - int(worked_s * 1000)
        check(box)

    timebox.Timebox.check_runaway = check_work


def shorten_log_wait() -> None:
    """Wait 2 ms instead of 50 for log lines of a function that printed nothing."""
    drain = lambda_runtime.Worker._drain_stderr_bounded  # noqa: SLF001
    expect(drain, "first_line_wait", "idle_confirm")
    lambda_runtime.Worker._drain_stderr_bounded = functools.partialmethod(  # noqa: SLF001
        drain, first_line_wait=0.002, idle_confirm=0.001
    )


def lock_dynamodb_writes(lock: threading.RLock) -> None:
    """Make conditional writes atomic: executions write from threads, and check and change were two steps."""
    expect(dynamodb.handle_request, *(f": {name}," for name in DYNAMODB_WRITES))  # made anew at each call
    expect(stepfunctions._invoke_dynamodb, "dynamodb._update_item")  # noqa: SLF001
    for name in DYNAMODB_WRITES:
        setattr(dynamodb, name, locked(getattr(dynamodb, name), lock))


def locked(function: Callable[..., Any], lock: threading.RLock | threading.Lock) -> Callable[..., Any]:
    """Return the function as one that holds the lock."""

    @functools.wraps(function)
    def hold(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        with lock:
            return function(*arguments, **options)

    return hold


def forget_express_executions() -> None:
    """Drop a synchronous Express execution once it is answered; all were kept for ever."""
    start_sync = stepfunctions._start_sync_execution  # noqa: SLF001
    expect(start_sync, '_executions[exec_arn]["sync"] = True', "return json_response(resp)")
    expect(stepfunctions.handle_request, '"StartSyncExecution": _start_sync_execution')

    def start_and_forget(data: dict[str, Any]) -> Any:  # noqa: ANN401
        answer = start_sync(data)
        arn = json.loads(answer[2]).get("executionArn")
        if arn:
            stepfunctions._executions.pop(arn, None)  # noqa: SLF001
        return answer

    stepfunctions._start_sync_execution = start_and_forget  # noqa: SLF001


def bound_standard_executions() -> None:
    """Keep the latest thousand finished Standard executions and the histories of the latest hundred.

    Until one is dropped it can be described and its name is taken, as on AWS for 90 days.
    """
    run = stepfunctions._run_execution  # noqa: SLF001
    expect(run, "execution = _executions.get(exec_arn)")
    expect(stepfunctions._start_execution, "args=(_run_execution, exec_arn)")  # noqa: SLF001
    finished: deque[str] = deque()
    guard = threading.Lock()

    def run_and_bound(arn: str) -> None:
        run(arn)
        executions = stepfunctions._executions  # noqa: SLF001
        if executions[arn].get("sync"):
            return
        with guard:
            finished.append(arn)
            if len(finished) > HISTORIES_MAX and (older := executions.get(finished[-HISTORIES_MAX - 1])):
                older["events"] = older["events"][-1:]
            if len(finished) > EXECUTIONS_MAX:
                executions.pop(finished.popleft(), None)

    stepfunctions._run_execution = run_and_bound  # noqa: SLF001


def silence_status_events() -> None:
    """Publish no change of status: nothing listens, and the event bus kept each for ever, input included."""
    expect(stepfunctions._emit_execution_status_event, "eventbridge._put_events")  # noqa: SLF001
    stepfunctions._emit_execution_status_event = lambda _execution: None  # noqa: SLF001


def persist_definitions_only() -> None:
    """Leave executions out of the stored state.

    Those that ran cannot be resumed, their inputs hold card tokens, and copying them while others run fails.
    Whoever started one finds that it does not exist, and starts it again: every step of ours may be repeated.
    """
    expect(stepfunctions.get_state, *(f'"{name}": copy.deepcopy(_{name})' for name in DEFINITIONS))

    def get_state() -> dict[str, Any]:
        return {name: copy.deepcopy(getattr(stepfunctions, f"_{name}")) for name in DEFINITIONS}

    stepfunctions.get_state = get_state


def bound_log_streams() -> None:
    """Keep the latest log streams of each function: every invocation made one, and all were kept for ever."""
    emit = lambda_svc._emit_lambda_logs  # noqa: SLF001
    expect(emit, "group = _cwl._log_groups[group_name]", 'group["streams"][stream_name] = {')

    def emit_and_bound(*arguments: Any, **options: Any) -> None:  # noqa: ANN401
        emit(*arguments, **options)
        for group in cloudwatch_logs._log_groups.values():  # noqa: SLF001
            streams = group["streams"]
            while len(streams) > LOG_STREAMS_MAX:
                del streams[next(iter(streams))]

    lambda_svc._emit_lambda_logs = locked(emit_and_bound, threading.Lock())  # noqa: SLF001


def bound_messages() -> None:
    """Keep the latest messages of the mailbox; all were kept for ever."""
    messages = ses._sent_emails_list  # noqa: SLF001
    expect(messages, '_sent_emails["entries"] = lst', "return lst")

    def latest_messages() -> list[Any]:
        kept: list[Any] = messages()
        del kept[: max(0, len(kept) - MESSAGES_MAX)]
        return kept

    ses._sent_emails_list = latest_messages  # noqa: SLF001


def keep_raw_messages() -> None:
    """Keep a raw message whole and show it in the mailbox: only its headers and bare parts were kept."""
    send, show = ses._send_raw_email, app._handle_ses_messages_request  # noqa: SLF001
    expect(send, 'raw_b64 = _p(params, "RawMessage.Data")', "_sent_emails_list().append(record)")
    expect(ses.handle_request, '"SendRawEmail": _send_raw_email')
    expect(show, '"MessageId": rec["MessageId"]')

    def send_and_keep(params: Any) -> Any:  # noqa: ANN401
        answer = send(params)
        latest = ses._sent_emails_list()[-1:]  # noqa: SLF001
        if answer[0] == HTTPStatus.OK and latest:
            latest[0]["RawMessage"] = ses._p(params, "RawMessage.Data")  # noqa: SLF001
        return answer

    async def show_whole(method: str, path: str, headers: Any, query: Any) -> Any:  # noqa: ANN401
        answer = await show(method, path, headers, query)
        return answer and (answer[0], answer[1], with_raw_messages(answer[2]))

    ses._send_raw_email = send_and_keep  # noqa: SLF001
    app._handle_ses_messages_request = show_whole  # noqa: SLF001


def with_raw_messages(body: bytes) -> bytes:
    """Return the mailbox's answer with the raw messages in it."""
    stores = ses._sent_emails.to_dict()  # noqa: SLF001
    lists = (value for (*_, key), value in stores.items() if key == "entries")
    raw = {kept["MessageId"]: kept.get("RawMessage") for entries in lists for kept in entries}
    content: dict[str, Any] = json.loads(body)
    for message in (message for messages in content.get("messages", {}).values() for message in messages):
        message["RawMessage"] = raw.get(message["MessageId"])
    return json.dumps(content).encode()
