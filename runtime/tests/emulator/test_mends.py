"""Each mend does what it says, the flaw is there without it, and each refuses a changed ministack."""

from __future__ import annotations

import ast
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.tests.emulator.bench import on_bench

MENDS = Path(__file__).resolve().parents[2] / "portico_runtime" / "emulator" / "mends.py"


@dataclass(frozen=True, kw_only=True)
class Mend:
    """What to measure (changes before `# apply`, if any), and what to find with the mend and without."""

    name: str
    measure: str
    mended: Callable[[Any], bool]
    flawed: Callable[[Any], bool]


MENDED = [
    Mend(
        name="remove_start_pause",
        measure="""
arn = pass_machine()
started = time.monotonic()
states._start_sync_execution(dict(stateMachineArn=arn, input="[]"))
answer(time.monotonic() - started)
""",
        mended=lambda elapsed_s: elapsed_s < 0.1,
        flawed=lambda elapsed_s: elapsed_s >= 0.15,
    ),
    Mend(
        name="remember_parsed_expressions",
        measure="""
from jsonata import jsonata, parser
parsed = []
parse = parser.Parser.parse
parser.Parser.parse = lambda self, *given, **more: parsed.append(given) or parse(self, *given, **more)
# apply
for _ in range(5):
    assert jsonata.Jsonata("1 + 1").evaluate(None) == 2
answer(len(parsed))
""",
        mended=lambda count: count == 1,
        flawed=lambda count: count >= 5,
    ),
    Mend(
        name="time_expressions_by_processor",
        measure="""
from jsonata import jexception, jsonata
expression = jsonata.Jsonata.jsonata("$idle()", timeout=50)
expression.register_lambda("idle", lambda: time.sleep(0.2))
try:
    expression.evaluate(None)
    answer("in time")
except jexception.JException as error:
    answer(error.error)
""",
        mended=lambda said: said == "in time",
        flawed=lambda said: said == "D1012",
    ),
    Mend(
        name="shorten_log_wait",
        measure="""
from ministack.core import lambda_runtime
worker = object.__new__(lambda_runtime.Worker)
worker._stderr_queue = queue.Queue()
started = time.monotonic()
worker._drain_stderr_bounded()
answer(time.monotonic() - started)
""",
        mended=lambda elapsed_s: elapsed_s < 0.04,
        flawed=lambda elapsed_s: elapsed_s >= 0.05,
    ),
    Mend(
        name="lock_dynamodb_writes",
        measure="""
from ministack.services import dynamodb
key = dict(AttributeName="partner", KeyType="HASH")
dynamodb._create_table(dict(
    TableName="races", KeySchema=[key], BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[dict(AttributeName="partner", AttributeType="S")],
))
sys.setswitchinterval(1e-6)


def elect(number, winners, barrier):
    barrier.wait()
    status = dynamodb._update_item(dict(
        TableName="races", Key=dict(partner=dict(S=str(number))), UpdateExpression="SET probe = :me",
        ConditionExpression="attribute_not_exists(probe)", ExpressionAttributeValues={":me": dict(S="me")},
    ))[0]
    winners.append(status == 200)


rounds = []
for number in range(60):
    winners, barrier = [], threading.Barrier(6)
    threads = [threading.Thread(target=elect, args=(number, winners, barrier)) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    rounds.append(sum(winners))
answer(rounds)
""",
        mended=lambda winners: set(winners) == {1},
        flawed=lambda winners: max(winners) > 1,
    ),
    Mend(
        name="forget_express_executions",
        measure="""
arn = pass_machine()
for _ in range(5):
    states._start_sync_execution(dict(stateMachineArn=arn, input="[]"))
answer(len(list(states._executions.values())))
""",
        mended=lambda kept: kept == 0,
        flawed=lambda kept: kept == 5,
    ),
    Mend(
        name="bound_standard_executions",
        measure="""
mends.EXECUTIONS_MAX, mends.HISTORIES_MAX = 4, 2
# apply
arn = pass_machine()
for number in range(6):
    run(arn, f"e{number}")
kept = states._executions.values()
answer([len(list(kept)), sum(len(execution["events"]) > 1 for execution in states._executions.values())])
""",
        mended=lambda kept: kept == [4, 2],
        flawed=lambda kept: kept == [6, 6],
    ),
    Mend(
        name="silence_status_events",
        measure="""
from ministack.services import eventbridge
published = []
eventbridge._put_events = lambda *given, **_: published.append(given)
run(pass_machine(), "e")
answer(len(published))
""",
        mended=lambda published: published == 0,
        flawed=lambda published: published > 0,
    ),
    Mend(
        name="persist_definitions_only",
        measure="""
run(pass_machine(), "e")
answer([bool(states.get_state().get(name)) for name in ("state_machines", "executions")])
""",
        mended=lambda stored: stored == [True, False],
        flawed=lambda stored: stored == [True, True],
    ),
    Mend(
        name="bound_messages",
        measure="""
mends.MESSAGES_MAX = 3
# apply
from ministack.services import ses
for number in range(9):
    ses.send_internal_email("from@example.com", ["to@example.com"], str(number))
answer([message["Subject"] for message in ses._sent_emails_list()][-3:] + [len(ses._sent_emails_list())])
""",
        mended=lambda kept: kept == ["6", "7", "8", 3],
        flawed=lambda kept: kept == ["6", "7", "8", 9],
    ),
    Mend(
        name="bound_log_streams",
        measure="""
mends.LOG_STREAMS_MAX = 3
# apply
from ministack.services import cloudwatch_logs, lambda_svc
for number in range(5):
    lambda_svc._emit_lambda_logs(dict(FunctionName="f"), str(number), "a line", False, 1)
answer([len(group["streams"]) for group in cloudwatch_logs._log_groups.values()])
""",
        mended=lambda streams: streams == [3],
        flawed=lambda streams: streams == [5],
    ),
    Mend(
        name="keep_raw_messages",
        measure="""
import asyncio, base64
from ministack import app
from ministack.services import ses
app._get_module("ses")
ses._verify_email_identity(dict(EmailAddress=["from@example.com"]))
mime = b"From: from@example.com\\r\\nTo: to@example.com\\r\\nSubject: Entradas\\r\\n\\r\\nTQ1.a.b"
sent = base64.b64encode(mime).decode()
ses._send_raw_email({"RawMessage.Data": [sent], "Source": ["from@example.com"]})
shown = asyncio.run(app._handle_ses_messages_request("GET", "/_ministack/ses/messages", {}, {}))
((message,),) = json.loads(shown[2])["messages"].values()
answer(message.get("RawMessage") == sent)
""",
        mended=lambda whole: whole is True,
        flawed=lambda whole: whole is False,
    ),
]


@pytest.mark.parametrize("mend", MENDED, ids=lambda mend: mend.name)
def test_the_mend_mends_and_without_it_the_flaw_is_there(mend: Mend, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        mended = pool.submit(on_bench, tmp_path / "mended", mend.measure, mended=True)
        flawed = pool.submit(on_bench, tmp_path / "flawed", mend.measure, mended=False)
    assert mend.mended(mended.result()), mended.result()
    assert mend.flawed(flawed.result()), flawed.result()


def applied() -> list[str]:
    """Return the names of the mends that `apply` calls, in order."""
    module = ast.parse(MENDS.read_text())
    (apply,) = (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "apply")
    calls = (node for node in ast.walk(apply) if isinstance(node, ast.Call))
    return [call.func.id for call in calls if isinstance(call.func, ast.Name)]


def test_every_mend_refuses_a_ministack_that_has_changed(tmp_path: Path) -> None:
    statements = f"""
mends.inspect.getsource = lambda _: "changed"
refused = []
for module, name in [(mends, name) for name in {applied()!r}] + [(durability, "apply")]:
    try:
        getattr(module, name)(*[threading.RLock()][: getattr(module, name).__code__.co_argcount])
    except mends.MinistackChangedError:
        refused.append(name)
answer(refused)
"""
    assert on_bench(tmp_path, statements, mended=False) == [*applied(), "apply"]


def test_an_emulator_over_a_changed_ministack_does_not_start_and_says_why(tmp_path: Path) -> None:
    statements = """
mends.inspect.getsource = lambda _: "changed"
try:
    launcher.main()
except SystemExit as ended:
    answer(str(ended))
"""
    reason = on_bench(tmp_path, statements, mended=False)
    assert reason.startswith("the emulator cannot start: ministack.services.stepfunctions._run_execution")
