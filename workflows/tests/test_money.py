"""Whatever partner and boxoffice do, what is charged and not given back is what orders were confirmed for.

Thirty seeded runs of the saga. Only an execution that gives up may leave money open, and says so by failing;
then boxoffice starts another.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from workflows.tests.stand_in import DROP, Answer, Received
from workflows.tests.test_checkout import (
    AMOUNT_CENTS,
    CHECKED,
    CONFIRM,
    CONFIRMATION,
    DECLINE,
    GET_CHARGE,
    POST_CHARGE,
    REFUND,
    all_goes_well,
    checkout,
    order,
)
from workflows.tests.world import Ended, World

POST_REFUND = "POST /v1/charges/*/refunds"
SEEDS = range(30)
REVERSALS_MAX = 4
BROKEN: Answer = (503, {"code": "broken"})
NOT_PENDING: Answer = (409, {"code": "order_not_pending"})

pytestmark = pytest.mark.integration


@dataclass
class Payments:
    """A partner that keeps its books, and answers well, badly, too late or not at all."""

    chance: random.Random
    charged: dict[str, int] = field(default_factory=dict)  # cents by idempotency key
    refunded: dict[str, int] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)  # keys of charges that will succeed after their caller left
    lock: threading.Lock = field(default_factory=threading.Lock)

    def charge(self, received: Received) -> Answer:
        key = received.headers["idempotency-key"]
        fate = self.chance.choices(["well", "refused", "lost", "late", "broken"], [4, 1, 3, 3, 2])[0]
        with self.lock:
            if key in self.charged:
                fate = "lost" if fate in {"lost", "late"} else "well"
            if fate in {"well", "lost"}:
                self.charged[key] = AMOUNT_CENTS
            if fate == "late" and key not in self.late:
                self.late.append(key)
        if fate == "refused" and key not in self.late:
            return 402, {"code": "card_declined"}
        return (201, self.shown(key)) if fate == "well" else {"lost": DROP}.get(fate, BROKEN)

    def look_up(self, received: Received) -> Answer:
        key = received.query.partition("=")[2]
        found = [self.shown(key)] if key in self.charged else []
        return self.chance.choice([(200, {"items": found})] * 3 + [BROKEN])

    def refund(self, received: Received) -> Answer:
        key = received.headers["idempotency-key"]
        fate = self.chance.choices(["well", "lost", "broken"], [4, 2, 1])[0]
        if fate == "broken":
            return BROKEN
        with self.lock:
            self.refunded[key] = received.body["amount_cents"]
        return (201, {"id": f"refund-{key}"}) if fate == "well" else DROP

    def settle(self) -> None:
        """Let the late charges succeed."""
        with self.lock:
            self.charged |= dict.fromkeys(self.late, AMOUNT_CENTS)

    def shown(self, key: str) -> dict[str, Any]:
        return {"id": f"charge-{key}", "status": "approved", "amount_cents": AMOUNT_CENTS}

    def net_cents(self) -> int:
        return sum(self.charged.values()) - sum(self.refunded.values())


@dataclass
class Boxoffice:
    """One order that may end by its deadline at any moment, and a service that is away now and then."""

    chance: random.Random
    status: str = "pending"
    reversal_due: bool = False

    def confirm(self, _received: Received) -> Answer:
        if self.status == "pending" and self.chance.random() < 0.3:
            self.status = "expired"
        if self.chance.random() < 0.3:
            return BROKEN
        if self.status not in {"pending", "confirmed"}:
            return NOT_PENDING
        self.status = "confirmed"
        return CONFIRMATION

    def decline(self, received: Received) -> Answer:
        if self.status == "pending":
            self.status = "declined"
        self.reversal_due = self.reversal_due or received.body["outcome_unknown"]
        return 200, {"status": self.status}

    def refund(self, _received: Received) -> Answer:
        self.status, self.reversal_due = "refunded", False
        return 200, {"status": self.status}


def chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311  to be repeated, not to be secret


def begin(world: World, seed: int) -> tuple[Payments, Boxoffice]:
    world.begin()
    all_goes_well(world)
    payments, boxoffice = Payments(chance(f"payments {seed}")), Boxoffice(chance(f"boxoffice {seed}"))
    world.payments.on(POST_CHARGE, payments.charge)
    world.payments.on(GET_CHARGE, payments.look_up)
    world.payments.on(POST_REFUND, payments.refund)
    world.boxoffice.on(CONFIRM, boxoffice.confirm)
    world.boxoffice.on(DECLINE, boxoffice.decline)
    world.boxoffice.on(REFUND, boxoffice.refund)
    world.boxoffice.on(CHECKED, (200, {}))
    return payments, boxoffice


def reverse(world: World, given: dict[str, Any], payments: Payments, boxoffice: Boxoffice) -> list[Ended]:
    """Do what boxoffice does about an unknown outcome: look again, later, a few times."""
    payments.settle()
    ended = []
    for number in range(1, REVERSALS_MAX + 1):
        if boxoffice.reversal_due:
            world.set_breaker()  # it is later: an open breaker has had its time
            name = f"{given['orderId']}-reverse-{number}"
            ended.append(checkout(world, given | {"action": "reverse"}, name=name))
    return ended


def test_what_is_charged_is_confirmed_or_given_back(world: World) -> None:
    endings: set[str] = set()
    for seed in SEEDS:
        payments, boxoffice = begin(world, seed)
        given = order()
        ended = checkout(world, given)
        reversals = reverse(world, given, payments, boxoffice)
        last = (reversals or [ended])[-1]
        assert len(payments.charged) <= 1, seed
        assert payments.net_cents() >= 0, seed
        endings.add("open" if last.error else boxoffice.status)
        if last.error:
            assert last.error == "StepUnanswered", seed
        else:
            confirmed_cents = AMOUNT_CENTS if boxoffice.status == "confirmed" else 0
            assert payments.net_cents() == confirmed_cents, (seed, ended.path, boxoffice)
    assert endings >= {"confirmed", "declined", "refunded"}


def test_without_the_reversals_a_late_charge_is_lost_money(world: World) -> None:
    """The control: the same partner, and nobody looks again."""
    left_cents = 0
    for seed in SEEDS:
        payments, boxoffice = begin(world, seed)
        ended = checkout(world, order())
        payments.settle()
        if not ended.error and boxoffice.reversal_due:
            left_cents += payments.net_cents()
        if left_cents:
            return
    raise AssertionError("no late charge was left: this partner proves nothing")
