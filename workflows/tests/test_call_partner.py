"""Every branch of the breaker: the row it finds, the answer it gets, the way it takes, the row it leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workflows.tests.stand_in import Received, Scripted
from workflows.tests.world import Definition, World, edges, travelled, without

pytestmark = pytest.mark.integration

ASL = Path(__file__).resolve().parents[1] / "call_partner.asl.json"
CHARGE = "POST /v1/charges"
OK, REJECTED, DOWN = (201, {"id": "charge-1"}), (402, {"code": "card_declined"}), (503, {"code": "broken"})
OUTCOME = {"outcome", "partner", "status", "body", "kind", "attempts", "probe", "retryAfterMs"}
COOLDOWN_MS, COOLDOWN_MAX_MS, LEASE_MS = 2_000, 64_000, 6_000

IN = ["A call?", "Read breaker", "Open or closed?"]
ASK = ["Call", "What came of it?"]
PROBE = [*IN, "Elect probe", *ASK]
COUNT = ["Count failure", "Enough to trip?"]
START = ["Count failure", "Start window", "Enough to trip?"]

OPEN = {"outcome": "open", "status": None, "body": None, "kind": "Open", "attempts": 0, "probe": False}
FAILED = {"outcome": "failed", "status": 503, "body": None, "kind": "Http", "attempts": 3, "probe": False}
NOT_SENT = {"outcome": "failed", "status": None, "body": None, "attempts": 0}


def now_ms() -> int:
    return int(time.time() * 1000)


def window(failures: int, *, age_ms: int = 1_000) -> dict[str, Any]:
    return {"failures": failures, "windowStart": now_ms() - age_ms}


def half_open(**more: Any) -> dict[str, Any]:
    return {"openUntil": now_ms() - 1, "trips": 1, **window(5, age_ms=9_000), **more}


def still_open() -> dict[str, Any]:
    return {**half_open(), "openUntil": now_ms() + 60_000}


def probed(*, lease_ms: int) -> dict[str, Any]:
    return half_open(probeUntil=now_ms() + lease_ms, probeId="another")


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One way through the machine: what is found, what the partner answers, and what comes of it."""

    name: str
    path: list[str]
    row: Callable[[], dict[str, Any]] = dict
    answer: Scripted = OK
    output: dict[str, Any] = field(default_factory=dict)
    sent: int = 1
    left: dict[str, Any] = field(default_factory=dict)  # of the row; ...: any value
    missing: str | None = None  # the state whose table or function does not exist
    change: dict[str, Any] = field(default_factory=dict)  # of the input; None: left out


BRANCHES = [
    Branch(
        name="closed, and answered",
        path=[*IN, *ASK, "Answered"],
        output={"outcome": "ok", "status": 201, "body": {"id": "charge-1"}, "kind": None, "attempts": 1},
    ),
    Branch(
        name="closed, and rejected",
        answer=REJECTED,
        path=[*IN, *ASK, "Answered"],
        output={"outcome": "rejected", "status": 402, "body": {"code": "card_declined"}, "attempts": 1},
    ),
    Branch(
        name="an answer ends a row of failures",
        row=lambda: window(4),
        path=[*IN, *ASK, "Forget failures", "Answered"],
        output={"outcome": "ok"},
    ),
    Branch(
        name="the first failure starts a window",
        answer=DOWN,
        path=[*IN, *ASK, *START, "Failed"],
        output=FAILED,
        sent=3,
        left={"failures": 1, "windowStart": ...},
    ),
    Branch(
        name="a failure in a running window is counted",
        row=lambda: window(2),
        answer=DOWN,
        path=[*IN, *ASK, *COUNT, "Failed"],
        output=FAILED,
        sent=3,
        left={"failures": 3, "windowStart": ...},
    ),
    Branch(
        name="a failure after the window starts another",
        row=lambda: window(4, age_ms=10_100),
        answer=DOWN,
        path=[*IN, *ASK, *START, "Failed"],
        sent=3,
        left={"failures": 1, "windowStart": ...},
    ),
    Branch(
        name="the fifth failure opens it",
        row=lambda: window(4),
        answer=DOWN,
        path=[*IN, *ASK, *COUNT, "Trip", "Failed"],
        output=FAILED,
        sent=3,
        left={"failures": 5, "windowStart": ..., "openUntil": ..., "trips": 1},
    ),
    Branch(
        name="open: answered at once",
        row=still_open,
        path=[*IN, "Open"],
        output=OPEN,
        sent=0,
        left=dict.fromkeys(still_open(), ...),
    ),
    Branch(
        name="half-open, and another is probing",
        row=lambda: probed(lease_ms=5_000),
        path=[*IN, "Open"],
        output=OPEN,
        sent=0,
        left={**dict.fromkeys(probed(lease_ms=0), ...), "probeId": "another"},
    ),
    Branch(
        name="half-open: an answered probe closes it",
        row=half_open,
        path=[*PROBE, "Close", "Answered"],
        output={"outcome": "ok", "probe": True, "attempts": 1},
    ),
    Branch(
        name="half-open: a rejection is an answer",
        row=half_open,
        answer=REJECTED,
        path=[*PROBE, "Close", "Answered"],
        output={"outcome": "rejected", "probe": True},
    ),
    Branch(
        name="half-open: the lease of a probe that died is over",
        row=lambda: probed(lease_ms=-1),
        path=[*PROBE, "Close", "Answered"],
        output={"outcome": "ok", "probe": True},
    ),
    Branch(
        name="half-open: a failed probe is not repeated and opens it again",
        row=half_open,
        answer=DOWN,
        path=[*PROBE, "Reopen", "Failed"],
        output={**FAILED, "attempts": 1, "probe": True},
        left={**dict.fromkeys(half_open(), ...), "trips": 2},
    ),
    *(
        Branch(
            name=f"not a call: {what}",
            change=change,
            path=["A call?", "Not a call"],
            output={**NOT_SENT, "kind": "BadCall"},
            sent=0,
        )
        for what, change in {
            "another partner": {"partner": "elsewhere"},
            "no partner": {"partner": None},
            "no request": {"request": None},
            "no key": {"idempotencyKey": None},
            "no correlation": {"correlationId": None},
        }.items()
    ),
    Branch(
        name="the breaker cannot be read: nothing is sent",
        missing="Read breaker",
        path=["A call?", "Read breaker", "Failed"],
        output={**NOT_SENT, "kind": "BreakerUnreadable"},
        sent=0,
    ),
    Branch(
        name="the probe cannot be elected: nothing is sent",
        missing="Elect probe",
        row=half_open,
        path=[*IN, "Elect probe", "Open"],
        output=OPEN,
        sent=0,
        left=dict.fromkeys(half_open(), ...),
    ),
    Branch(
        name="the function cannot be called",
        missing="Call",
        path=[*IN, *ASK, *START, "Failed"],
        output=NOT_SENT,
        sent=0,
        left={"failures": 1, "windowStart": ...},
    ),
    *(
        Branch(
            name=f"the outcome stands although it cannot be written: {state}",
            missing=state,
            row=row,
            answer=answer,
            path=[*way, state, end],
            sent={"Failed": 3, "Answered": 1}[end] if way is not PROBE else 1,
            left=dict.fromkeys(row(), ...),
        )
        for state, row, answer, way, end in [
            ("Count failure", lambda: window(2), DOWN, [*IN, *ASK], "Failed"),
            ("Start window", dict, DOWN, [*IN, *ASK, "Count failure"], "Failed"),
            ("Forget failures", lambda: window(4), OK, [*IN, *ASK], "Answered"),
            ("Close", lambda: probed(lease_ms=-1), OK, PROBE, "Answered"),
            ("Reopen", lambda: probed(lease_ms=-1), DOWN, PROBE, "Failed"),
        ]
    ),
    Branch(
        name="the outcome stands although it cannot be written: Trip",
        missing="Trip",
        row=lambda: window(4),
        answer=DOWN,
        path=[*IN, *ASK, *COUNT, "Trip", "Failed"],
        sent=3,
        left={"failures": 5, "windowStart": ...},
    ),
]


def given(**change: Any) -> dict[str, Any]:
    call = {
        "partner": "payments",
        "request": {"method": "POST", "path": "/v1/charges", "body": {"amount_cents": 100}},
        "idempotencyKey": "order-1:charge",
        "correlationId": "correlation-1",
    }
    return {name: value for name, value in {**call, **change}.items() if value is not None}


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch.name)
def test_each_branch(world: World, branch: Branch) -> None:
    world.payments.on(CHARGE, branch.answer)
    if row := branch.row():
        world.set_breaker(**row)
    change = without(branch.missing) if branch.missing else lambda _: None
    arn = world.variant(f"breaker without {branch.missing}", world.resources.call_partner_arn, change)
    ended = world.run(arn, given(**branch.change))
    assert ended.path == branch.path
    assert ended.output.keys() == OUTCOME
    assert {name: ended.output[name] for name in branch.output} == branch.output
    assert world.payments.operations() == [CHARGE] * branch.sent
    row = world.breaker()
    assert row.keys() == branch.left.keys()
    assert {**row, **{name: ... for name in row if branch.left[name] is ...}} == branch.left


@pytest.mark.parametrize(
    ("trips", "cooldown_ms"), [(1, 4_000), (2, 8_000), (5, 64_000), (6, 64_000), (40, 64_000)]
)
def test_the_cooldown_doubles_up_to_a_bound(world: World, trips: int, cooldown_ms: int) -> None:
    world.payments.on(CHARGE, DOWN)
    world.set_breaker(**{**half_open(), "trips": trips})
    before = now_ms()
    world.call()
    assert before + cooldown_ms <= world.breaker()["openUntil"] <= now_ms() + cooldown_ms


def test_five_failures_open_it_and_an_answer_after_the_cooldown_closes_it(world: World) -> None:
    world.payments.on(CHARGE, DOWN)
    outcomes = [world.call()["outcome"] for _ in range(7)]
    assert outcomes == ["failed"] * 5 + ["open"] * 2
    assert len(world.payments.received) == 15
    refused = world.call()
    assert 0 < refused["retryAfterMs"] <= COOLDOWN_MS
    world.payments.on(CHARGE, OK)
    time.sleep(refused["retryAfterMs"] / 1000)
    assert world.call()["probe"]
    assert world.breaker() == {}
    assert not world.call()["probe"]


def test_the_partners_have_a_breaker_each(world: World) -> None:
    world.set_breaker("payments", **still_open())
    world.notifications.on(CHARGE, OK)
    assert world.call()["outcome"] == "open"
    assert world.call(partner="notifications")["outcome"] == "ok"


def test_failures_at_one_moment_are_all_counted(world: World) -> None:
    world.payments.on(CHARGE, DOWN)
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(lambda _: world.call(), range(4)))
    assert world.breaker()["failures"] == 4


def test_an_answer_of_a_call_begun_before_it_opened_does_not_close_it(world: World) -> None:
    def open_meanwhile(_: Received) -> Any:
        world.set_breaker(**still_open())
        return OK

    world.set_breaker(**window(4))
    world.payments.on(CHARGE, open_meanwhile)
    assert world.call()["outcome"] == "ok"
    assert world.breaker().keys() == still_open().keys()


def test_a_failure_of_a_call_begun_before_it_opened_opens_it_no_longer(world: World) -> None:
    opened = still_open()

    def open_meanwhile(_: Received) -> Any:
        world.set_breaker(**opened)
        return DOWN

    world.payments.on(CHARGE, open_meanwhile)
    arn = world.variant("breaker without None", world.resources.call_partner_arn)
    path = world.run(arn, given()).path
    assert path == [*IN, *ASK, "Count failure", "Start window", "Count failure again", "Failed"]
    assert world.breaker() == opened


@pytest.mark.parametrize("answer", [OK, DOWN])
def test_a_probe_that_lost_its_lease_decides_nothing(world: World, answer: Scripted) -> None:
    taken_over = probed(lease_ms=LEASE_MS)

    def take_over(_: Received) -> Any:
        world.set_breaker(**taken_over)
        return answer

    world.set_breaker(**half_open())
    world.payments.on(CHARGE, take_over)
    assert world.call()["probe"]
    assert world.breaker() == taken_over


def test_the_example_runs(world: World) -> None:
    world.payments.on("GET /v1/charges", (200, {"items": []}))
    example = json.loads((ASL.parent / "examples" / "call_partner.json").read_text())
    arn = world.variant("breaker without None", world.resources.call_partner_arn)
    assert world.run(arn, example).output["outcome"] == "ok"


def test_the_branches_cover_every_transition() -> None:
    tested = {edge for branch in BRANCHES for edge in travelled(branch.path)}
    races = {("Start window", "Count failure again"), ("Count failure again", "Failed")}  # tested above
    # Two calls that start one window at one moment: `test_failures_at_one_moment_are_all_counted`.
    races.add(("Count failure again", "Enough to trip?"))
    assert edges(json.loads(ASL.read_text())) == tested | races


def test_the_deployed_machine_is_the_file(world: World) -> None:
    deployed = world.definition(world.resources.call_partner_arn)
    filled: Definition = json.loads(
        ASL.read_text()
        .replace("${BreakersTable}", world.breakers)
        .replace("${CallPartnerFunction}", deployed["States"]["Call"]["Arguments"]["FunctionName"])
    )
    assert deployed == filled
