"""Every branch of the saga: what partners and services answer, where it leads, and what each is told."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workflows.tests.stand_in import DROP, Scripted
from workflows.tests.world import Ended, World, edges, travelled, without

pytestmark = pytest.mark.integration

ASL = Path(__file__).resolve().parents[1] / "checkout.asl.json"
EXAMPLES = ASL.parent / "examples"
AMOUNT_CENTS = 7_500
CHARGE = {"id": "charge-1", "status": "approved", "amount_cents": AMOUNT_CENTS, "refunded_cents": 0}
POST_CHARGE, GET_CHARGE = "POST /v1/charges", "GET /v1/charges"
POST_REFUND, POST_EMAIL = "POST /v1/charges/charge-1/refunds", "POST /v1/emails"
GET_CONTACT = "GET /internal/users/buyer-1"
CONFIRM, DECLINE = "POST /internal/orders/*/confirm", "POST /internal/orders/*/decline"
REFUND, NOTIFIED = "POST /internal/orders/*/refund", "POST /internal/orders/*/notified"
CHECKED = "POST /internal/orders/*/reversal-checked"
OK, BROKEN = (200, {"status": "any"}), (503, {"code": "broken"})
FORBIDDEN = (403, {"code": "forbidden"})
NOT_PENDING, NOT_FOUND = (409, {"code": "order_not_pending"}), (404, {"code": "order_not_found"})
NOTIFICATION = {"template": "tickets", "locale": "es", "order": {"id": "1"}, "tickets": [{"qr": "TQ1.a.b"}]}
CONFIRMATION = (200, {"status": "confirmed", "notification": NOTIFICATION})
CONTACT = (200, {"id": "buyer-1", "email": "ada@example.com", "name": "Ada"})
ROUNDS_MAX = 5

CHARGED = ["Begin", "Which action?", "Charge", "Charged?"]
TOLD = ["Ask contact", "Contact known?", "Notify", "Report notification", "Confirmed"]
CONFIRMED = ["Confirm", "Confirm: heard?"]
DECLINED = ["Decline", "Decline: heard?", "Declined"]
LOOKED_UP = [*CHARGED, "Look up charge", "Found?"]
REFUNDED = ["Refund", "Refund: heard?", "Record refund", "Record refund: heard?", "Refunded"]
SOUGHT = ["Begin", "Which action?"]
LATE = [*SOUGHT, "Look for late charge", "Look for late charge: heard?"]


def waits(step: str) -> list[str]:
    """Return the path of a step that is never heard: five waits, then no more."""
    once = [step, f"{step}: heard?"]
    return [*once, *([f"{step}: wait", *once] * ROUNDS_MAX), "Give up"]


def items(*charges: dict[str, Any]) -> Scripted:
    return (200, {"items": list(charges)})


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One way through the saga: the answers that differ from a purchase that goes well, and the states."""

    name: str
    answers: dict[str, tuple[Scripted, ...]]
    path: list[str]
    status: str | None  # of the output; None: the execution fails
    action: str = "charge"
    told: dict[str, Any] | None = None  # the body of the last call to boxoffice
    open_breaker: str | None = None
    error: str | None = None


def gives_up(step: str) -> list[str]:
    return [step, f"{step}: heard?", "Give up"]


UNKNOWN = {"reason": "payment_unavailable", "outcome_unknown": True}
BRANCHES = [
    Branch(
        name="confirmed",
        answers={},
        path=[*CHARGED, *CONFIRMED, *TOLD],
        status="confirmed",
        told={"outcome": "ok"},
    ),
    Branch(
        name="declined",
        answers={POST_CHARGE: ((402, {"code": "card_declined"}),)},
        path=[*CHARGED, *DECLINED],
        status="declined",
        told={"reason": "card_declined", "outcome_unknown": False},
    ),
    Branch(
        name="insufficient funds",
        answers={POST_CHARGE: ((402, {"code": "insufficient_funds"}),)},
        path=[*CHARGED, *DECLINED],
        status="declined",
        told={"reason": "insufficient_funds", "outcome_unknown": False},
    ),
    Branch(
        name="declined without a reason",
        answers={POST_CHARGE: ((402, None),)},
        path=[*CHARGED, *DECLINED],
        status="declined",
        told={"reason": "card_declined", "outcome_unknown": False},
    ),
    Branch(
        name="the breaker is open: nothing was sent, so nothing is unknown",
        answers={},
        open_breaker="payments",
        path=[*CHARGED, *DECLINED],
        status="declined",
        told={"reason": "payment_unavailable", "outcome_unknown": False},
    ),
    Branch(
        name="a card that nobody has issued",
        answers={POST_CHARGE: ((422, {"code": "unknown_card"}),)},
        path=[*CHARGED, *DECLINED],
        status="declined",
        told={"reason": "unknown_card", "outcome_unknown": False},
    ),
    Branch(
        name="a reason that is no code",
        answers={POST_CHARGE: ((402, {"code": "No Funds!"}),)},
        path=[*CHARGED, *DECLINED],
        status="declined",
        told={"reason": "card_declined", "outcome_unknown": False},
    ),
    *(
        Branch(
            name=f"a rejection that says nothing about the charge: {answer[0]} {answer[1]['code']}",
            answers={POST_CHARGE: (answer,), GET_CHARGE: (items(CHARGE),)},
            path=[*LOOKED_UP, *CONFIRMED, *TOLD],
            status="confirmed",
        )
        for answer in (FORBIDDEN, NOT_PENDING, (422, {"code": "idempotency_key_reused"}))
    ),
    Branch(
        name="an answer without a charge",
        answers={POST_CHARGE: ((201, {}),)},
        path=[*LOOKED_UP, *CONFIRMED, *TOLD],
        status="confirmed",
    ),
    Branch(
        name="the answer was lost and the charge is found",
        answers={POST_CHARGE: (BROKEN,), GET_CHARGE: (items(CHARGE),)},
        path=[*LOOKED_UP, *CONFIRMED, *TOLD],
        status="confirmed",
        told={"outcome": "ok"},
    ),
    Branch(
        name="the answer was lost and a refusal is found",
        answers={POST_CHARGE: (BROKEN,), GET_CHARGE: (items(CHARGE | {"status": "declined"}),)},
        path=[*LOOKED_UP, *DECLINED],
        status="declined",
        told={"reason": "card_declined", "outcome_unknown": False},
    ),
    *(
        Branch(
            name=f"the answer was lost and the look-up finds {what}",
            answers={POST_CHARGE: (BROKEN,), GET_CHARGE: (answer,)},
            path=[*LOOKED_UP, "Unknown outcome", *DECLINED],
            status="declined",
            told=UNKNOWN,
        )
        for what, answer in {
            "nothing": items(),
            "a charge under way": items(CHARGE | {"status": "processing"}),
            "no partner": BROKEN,
            "no items": (200, {}),
        }.items()
    ),
    Branch(
        name="boxoffice does not know the order",
        answers={CONFIRM: (NOT_FOUND,)},
        path=[*CHARGED, *gives_up("Confirm")],
        status=None,
    ),
    *(
        Branch(
            name=f"boxoffice refuses to confirm for another reason: {answer[0]}",
            answers={CONFIRM: (answer,)},
            path=[*CHARGED, *gives_up("Confirm")],
            status=None,
        )
        for answer in (FORBIDDEN, (409, {"code": "another_conflict"}), (422, {"code": "invalid_request"}))
    ),
    Branch(
        name="each step has its own waits",
        answers={CONFIRM: (*[BROKEN] * 9, NOT_PENDING), POST_REFUND: (BROKEN,)},
        path=[
            *CHARGED,
            *[*CONFIRMED, "Confirm: wait"] * 3,
            *CONFIRMED,
            "Order has ended",
            *waits("Refund"),
        ],
        status=None,
    ),
    Branch(
        name="the deadline came first: the money goes back",
        answers={CONFIRM: (NOT_PENDING,)},
        path=[*CHARGED, *CONFIRMED, "Order has ended", *REFUNDED],
        status="refunded",
        told={"charge_id": "charge-1", "refund_id": "refund-1"},
    ),
    Branch(
        name="boxoffice is away for a moment",
        answers={CONFIRM: (BROKEN, BROKEN, BROKEN, CONFIRMATION)},
        path=[*CHARGED, *CONFIRMED, "Confirm: wait", *CONFIRMED, *TOLD],
        status="confirmed",
        told={"outcome": "ok"},
    ),
    Branch(
        name="boxoffice stays away from confirming",
        answers={CONFIRM: (BROKEN,)},
        path=[*CHARGED, *waits("Confirm")],
        status=None,
    ),
    Branch(
        name="boxoffice stays away from declining",
        answers={POST_CHARGE: ((402, {"code": "card_declined"}),), DECLINE: (BROKEN,)},
        path=[*CHARGED, *waits("Decline")],
        status=None,
    ),
    Branch(
        name="boxoffice refuses to decline",
        answers={POST_CHARGE: ((402, {"code": "card_declined"}),), DECLINE: (NOT_PENDING,)},
        path=[*CHARGED, *gives_up("Decline")],
        status=None,
    ),
    Branch(
        name="boxoffice stays away from recording a refund",
        answers={CONFIRM: (NOT_PENDING,), REFUND: (BROKEN,)},
        path=[*CHARGED, *CONFIRMED, "Order has ended", *REFUNDED[:2], *waits("Record refund")],
        status=None,
    ),
    Branch(
        name="boxoffice refuses to record a refund",
        answers={CONFIRM: (NOT_PENDING,), REFUND: (NOT_PENDING,)},
        path=[*CHARGED, *CONFIRMED, "Order has ended", *REFUNDED[:2], *gives_up("Record refund")],
        status=None,
    ),
    Branch(
        name="the refund is not answered",
        answers={CONFIRM: (NOT_PENDING,), POST_REFUND: (BROKEN,)},
        path=[*CHARGED, *CONFIRMED, "Order has ended", *waits("Refund")],
        status=None,
    ),
    Branch(
        name="the refund is refused",
        answers={CONFIRM: (NOT_PENDING,), POST_REFUND: (NOT_FOUND,)},
        path=[*CHARGED, *CONFIRMED, "Order has ended", *gives_up("Refund")],
        status=None,
    ),
    *(
        Branch(
            name=f"the buyer's address: {what}",
            answers={GET_CONTACT: (answer,)},
            path=[*CHARGED, *CONFIRMED, *TOLD[:2], "Not notified", *TOLD[3:]],
            status="confirmed",
            told={"outcome": outcome},
        )
        for what, answer, outcome in (("unknown", NOT_FOUND, "rejected"), ("not answered", BROKEN, "failed"))
    ),
    *(
        Branch(
            name=f"the e-mail: {what}",
            answers={POST_EMAIL: (answer,)},
            path=[*CHARGED, *CONFIRMED, *TOLD],
            status="confirmed",
            told={"outcome": outcome},
        )
        for what, answer, outcome in (
            ("not answered", BROKEN, "failed"),
            ("dropped", DROP, "failed"),
            ("refused", (422, {"code": "invalid_request"}), "rejected"),
        )
    ),
    Branch(
        name="the e-mail: its breaker is open",
        answers={},
        open_breaker="notifications",
        path=[*CHARGED, *CONFIRMED, *TOLD],
        status="confirmed",
        told={"outcome": "open"},
    ),
    Branch(
        name="boxoffice does not hear of the e-mail",
        answers={NOTIFIED: (BROKEN,)},
        path=[*CHARGED, *CONFIRMED, *TOLD],
        status="confirmed",
        told={"outcome": "ok"},
    ),
    Branch(
        name="reverse: a late charge is found",
        action="reverse",
        answers={GET_CHARGE: (items(CHARGE),)},
        path=[*LATE, *REFUNDED],
        status="refunded",
        told={"charge_id": "charge-1", "refund_id": "refund-1"},
    ),
    *(
        Branch(
            name=f"reverse: {what}",
            action="reverse",
            answers={GET_CHARGE: (items(*found),)},
            path=[*LATE, "No late charge", "Checked"],
            status="checked",
        )
        for what, found in {
            "no charge": [],
            "a charge under way": [CHARGE | {"status": "processing"}],
            "a charge that was refused": [CHARGE | {"status": "declined"}],
        }.items()
    ),
    Branch(
        name="reverse: boxoffice does not hear of it",
        action="reverse",
        answers={GET_CHARGE: (items(),), CHECKED: (BROKEN,)},
        path=[*LATE, "No late charge", "Checked"],
        status="checked",
    ),
    Branch(
        name="reverse: the look-up is not answered",
        action="reverse",
        answers={GET_CHARGE: (BROKEN,)},
        path=[*SOUGHT, *waits("Look for late charge")],
        status=None,
    ),
    Branch(
        name="reverse: the look-up is refused",
        action="reverse",
        answers={GET_CHARGE: (FORBIDDEN,)},
        path=[*SOUGHT, *gives_up("Look for late charge")],
        status=None,
    ),
    Branch(
        name="notify",
        action="notify",
        answers={},
        path=["Begin", "Which action?", *CONFIRMED, *TOLD],
        status="confirmed",
        told={"outcome": "ok"},
    ),
    Branch(
        name="notify: the order has ended, and nothing is refunded",
        action="notify",
        answers={CONFIRM: (NOT_PENDING,)},
        path=["Begin", "Which action?", *CONFIRMED, "Order has ended", "Nothing to notify"],
        status="ended",
    ),
    Branch(
        name="unknown action",
        action="dance",
        answers={},
        path=["Begin", "Which action?", "Bad input"],
        status=None,
        error="BadInput",
    ),
]


def order(action: str = "charge", **more: Any) -> dict[str, Any]:
    """Return an execution's input."""
    made = {
        "action": action,
        "orderId": str(uuid.uuid4()),
        "buyerId": "buyer-1",
        "amountCents": AMOUNT_CENTS,
        "currency": "EUR",
        "cardToken": "tok_visa",
        "correlationId": "correlation-1",
    }
    if action == "notify":
        made |= {"chargeId": "charge-1"}
    return made | more


def all_goes_well(world: World) -> None:
    world.payments.on(POST_CHARGE, (201, CHARGE))
    world.payments.on(GET_CHARGE, items(CHARGE))
    world.payments.on(POST_REFUND, (201, {"id": "refund-1", "charge_id": "charge-1"}))
    world.notifications.on(POST_EMAIL, (201, {"id": "mail-1", "status": "sent"}))
    world.boxoffice.on(CONFIRM, CONFIRMATION)
    for operation in (DECLINE, REFUND, NOTIFIED, CHECKED):
        world.boxoffice.on(operation, OK)
    world.accounts.on(GET_CONTACT, CONTACT)


def set_up(world: World, branch: Branch) -> None:
    all_goes_well(world)
    for operation, answers in branch.answers.items():
        stand_ins = {"/v1/charges": world.payments, "/v1/emails": world.notifications}
        stand_ins |= {"/internal/orders": world.boxoffice, "/internal/users": world.accounts}
        path = operation.partition(" ")[2]
        next(each for prefix, each in stand_ins.items() if path.startswith(prefix)).on(operation, *answers)
    if branch.open_breaker:
        open_breaker(world, branch.open_breaker)


def open_breaker(world: World, partner: str) -> None:
    world.set_breaker(partner, openUntil=int(time.time() * 1000) + 60_000, trips=1)


def checkout(world: World, given: dict[str, Any], *, name: str | None = None) -> Ended:
    return world.run(world.resources.checkout_arn, given, name=name or given["orderId"])


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch.name)
def test_each_branch(world: World, branch: Branch) -> None:
    set_up(world, branch)
    given = order(branch.action)
    ended = checkout(world, given)
    assert ended.path == branch.path
    if branch.status is None:
        assert ended.error == (branch.error or "StepUnanswered")
    else:
        assert ended.output.items() >= {"status": branch.status, "orderId": given["orderId"]}.items()
    if branch.told is not None:
        assert world.boxoffice.received[-1].body == branch.told
    if branch.open_breaker == "payments":
        assert world.payments.received == []


def test_the_branches_cover_every_transition() -> None:
    tested = {edge for branch in BRANCHES for edge in travelled(branch.path)}
    assert edges(json.loads(ASL.read_text())) == tested


def test_each_is_told_what_it_needs_and_no_more(world: World) -> None:
    all_goes_well(world)
    given = order()
    checkout(world, given)
    (charge,) = world.payments.received
    assert charge.body == {
        "amount_cents": AMOUNT_CENTS,
        "currency": "EUR",
        "card_token": "tok_visa",
        "reference": given["orderId"],
    }
    assert charge.headers["idempotency-key"] == f"{given['orderId']}:charge"
    (mail,) = world.notifications.received
    assert mail.body == NOTIFICATION | {"to": "ada@example.com", "name": "Ada"}
    assert mail.headers["idempotency-key"] == f"{given['orderId']}:tickets"
    assert world.boxoffice.operations() == [
        f"POST /internal/orders/{given['orderId']}/{step}" for step in ("confirm", "notified")
    ]
    assert world.boxoffice.received[0].body == {"charge_id": "charge-1"}
    ours = (*world.boxoffice.received, *world.accounts.received)
    assert {each.headers["authorization"] for each in ours} == {"Bearer internal-token"}
    assert {each.headers["x-request-id"] for each in (*ours, charge, mail)} == {"correlation-1"}


@pytest.mark.parametrize(("suffix", "unknown"), [("", False), ("-retry-1", True)])
def test_nothing_is_certain_when_an_earlier_execution_may_have_charged(
    world: World, suffix: str, *, unknown: bool
) -> None:
    """An open breaker means that this execution sent nothing. The one before it may have."""
    all_goes_well(world)
    open_breaker(world, "payments")
    given = order()
    assert checkout(world, given, name=given["orderId"] + suffix).output["outcomeUnknown"] is unknown
    assert world.boxoffice.received[-1].body["outcome_unknown"] is unknown


def test_a_refusal_to_confirm_that_is_no_end_of_the_order_refunds_nothing(world: World) -> None:
    """A pending order whose charge went back would be confirmed by the next execution: free tickets."""
    all_goes_well(world)
    world.boxoffice.on(CONFIRM, FORBIDDEN)
    checkout(world, order())
    assert world.payments.operations() == [POST_CHARGE]
    world.boxoffice.on(CONFIRM, NOT_PENDING)  # the control
    checkout(world, order())
    assert POST_REFUND in world.payments.operations()


@pytest.mark.parametrize(
    ("example", "status"), [("charge", "confirmed"), ("reverse", "refunded"), ("notify", "confirmed")]
)
def test_the_examples_run(world: World, example: str, status: str) -> None:
    all_goes_well(world)
    world.accounts.on("GET /internal/users/*", CONTACT)
    given = json.loads((EXAMPLES / f"checkout-{example}.json").read_text())
    assert given["action"] == example
    assert checkout(world, given, name=str(uuid.uuid4())).output["status"] == status


def test_a_refund_and_its_repetition_have_one_key(world: World) -> None:
    all_goes_well(world)
    given = order("reverse")
    for number in (1, 2):
        checkout(world, given, name=f"{given['orderId']}-reverse-{number}")
    refunds = [each for each in world.payments.received if each.operation == POST_REFUND]
    assert {each.headers["idempotency-key"] for each in refunds} == {f"{given['orderId']}:refund"}
    assert [each.body for each in refunds] == [{"amount_cents": AMOUNT_CENTS}] * 2


def test_a_taken_name_starts_nothing(world: World) -> None:
    all_goes_well(world)
    given = order()
    checkout(world, given)
    with pytest.raises(world.states.exceptions.ExecutionAlreadyExists):
        checkout(world, given)
    assert world.payments.operations() == [POST_CHARGE]


@pytest.mark.parametrize(
    ("state", "like"),
    [
        ("Charge", "the answer was lost and the charge is found"),
        ("Look up charge", "the answer was lost and the look-up finds no partner"),
        ("Confirm", "boxoffice stays away from confirming"),
        ("Ask contact", "the buyer's address: not answered"),
        ("Notify", "the e-mail: not answered"),
        ("Report notification", "boxoffice does not hear of the e-mail"),
        ("Decline", "boxoffice stays away from declining"),
        ("Look for late charge", "reverse: the look-up is not answered"),
        ("No late charge", "reverse: boxoffice does not hear of it"),
        ("Refund", "the refund is not answered"),
        ("Record refund", "boxoffice stays away from recording a refund"),
    ],
)
def test_a_step_that_cannot_be_called_is_like_one_that_is_not_answered(
    world: World, state: str, like: str
) -> None:
    branch = next(each for each in BRANCHES if each.name == like)
    set_up(world, branch)
    arn = world.variant(f"checkout without {state}", world.resources.checkout_arn, without(state))
    assert world.run(arn, order(branch.action)).path == branch.path


def test_every_step_is_caught_and_every_wait_is_short() -> None:
    states = json.loads(ASL.read_text())["States"]
    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert all(state["Catch"][-1]["ErrorEquals"] == ["States.ALL"] for state in tasks.values())
    assert all(state["Retry"] for state in tasks.values())
    waits = {name: state["Seconds"] for name, state in states.items() if state["Type"] == "Wait"}
    partners = {name for name, seconds in waits.items() if seconds != 2}
    assert partners == {"Refund: wait", "Look for late charge: wait"}
    assert {waits[name] for name in partners} == {"{% $power(2, $rounds + 1) %}"}  # a minute in all
