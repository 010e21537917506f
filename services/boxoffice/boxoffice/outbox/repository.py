"""Messages that wait to leave, and the state machine they start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from uuid import UUID

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from portico_kit.aws import AwsClients
from portico_kit.errors import Unavailable
from portico_kit.postgres import Connection
from portico_kit.telemetry import get_logger

Action = Literal["charge", "reverse", "notify"]
ANSWER_TIMEOUT_S = 3.0
log = get_logger(__name__)
Answer = TypeVar("Answer")

# A message waits for the earlier ones of its order, so none overtakes another; relays pass over each other's
# rows.
CLAIM = """
SELECT outbox.id, outbox.order_id, outbox.action, outbox.execution, outbox.attempts,
       orders.status AS order_status, orders.buyer_id, orders.total_cents, orders.currency,
       orders.card_token, orders.charge_id, orders.correlation_id
FROM outbox JOIN orders ON orders.id = outbox.order_id
WHERE outbox.not_before <= now()
  AND NOT EXISTS (SELECT FROM outbox earlier
                  WHERE earlier.order_id = outbox.order_id AND earlier.id < outbox.id)
ORDER BY outbox.id LIMIT $1 FOR UPDATE OF outbox SKIP LOCKED
"""
SENT = """
WITH gone AS (DELETE FROM outbox WHERE id = ANY ($1) RETURNING order_id)
UPDATE orders SET execution_started_at = now() FROM gone WHERE orders.id = gone.order_id
"""
DROPPED = "DELETE FROM outbox WHERE id = ANY ($1)"
# A message that cannot leave is tried again after 1, 2, 4 … 30 seconds.
POSTPONE = """
UPDATE outbox SET attempts = attempts + 1,
                  not_before = now() + make_interval(secs => least(30, 2 ^ least(attempts, 5)))
WHERE id = ANY ($1)
"""
ADD = """
INSERT INTO outbox (order_id, action, execution, not_before)
VALUES ($1, $2, $3, now() + make_interval(secs => $4))
"""


@dataclass(frozen=True, kw_only=True)
class Message:
    """An execution to start: its unique name, and the order as it is now."""

    id: int
    order_id: UUID
    action: Action
    execution: str
    attempts: int
    order_status: str
    buyer_id: str
    total_cents: int
    currency: str
    card_token: str | None
    charge_id: str | None
    correlation_id: str

    @property
    def is_moot(self) -> bool:
        """Whether the order has meanwhile gone where this message is of no use."""
        useful = {
            "charge": {"pending"},
            "notify": {"confirmed"},
            "reverse": {"declined", "expired"},
        }
        return self.order_status not in useful[self.action]

    def input(self) -> dict[str, Any]:
        """Return the input of the execution (workflows/README.md)."""
        return {
            "action": self.action,
            "orderId": str(self.order_id),
            "buyerId": self.buyer_id,
            "amountCents": self.total_cents,
            "currency": self.currency,
            "correlationId": self.correlation_id,
            **({"cardToken": self.card_token} if self.action == "charge" else {}),
            **({"chargeId": self.charge_id} if self.action == "notify" else {}),
        }


class OutboxRepository:
    """Every method belongs to the caller's transaction."""

    async def add(
        self, connection: Connection, order_id: UUID, action: Action, execution: str, *, delay_s: int = 0
    ) -> None:
        """Let a message leave with this transaction, not before the delay is over."""
        await connection.execute(ADD, order_id, action, execution, delay_s)

    async def claim(self, connection: Connection, limit: int) -> list[Message]:
        """Lock messages that may leave now and that no other relay is sending."""
        return [Message(**dict(record)) for record in await connection.fetch(CLAIM, limit)]

    async def sent(self, connection: Connection, ids: list[int]) -> None:
        """Forget messages that have left."""
        await connection.execute(SENT, ids)

    async def dropped(self, connection: Connection, ids: list[int]) -> None:
        """Forget messages that were not worth sending."""
        await connection.execute(DROPPED, ids)

    async def postpone(self, connection: Connection, ids: list[int]) -> None:
        """Try messages again later."""
        await connection.execute(POSTPONE, ids)


class Executions:
    """The `checkout` state machine. An execution's name is unique: starting it twice starts it once."""

    def __init__(self, clients: AwsClients, *, state_machine_arn: str) -> None:
        self._clients = clients
        self._arn = state_machine_arn

    async def start(self, name: str, content: dict[str, Any]) -> None:
        """Start an execution, or find that it was started; `Unavailable` if it cannot be known."""
        call = self._clients.stepfunctions.start_execution(
            stateMachineArn=self._arn, name=name, input=orjson.dumps(content).decode()
        )
        await answered(call, unless="ExecutionAlreadyExists")

    async def status(self, name: str) -> str | None:
        """Return an execution's status (RUNNING, SUCCEEDED, FAILED, …), or None if there is none."""
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"
        call = self._clients.stepfunctions.describe_execution(executionArn=arn)
        answer = await answered(call, unless="ExecutionDoesNotExist")
        return answer["status"] if answer else None


async def answered(call: Awaitable[Answer], *, unless: str) -> Answer | None:
    """Return the answer of a call, None for the one error that is an answer too; else `Unavailable`."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await call
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == unless:
            return None
        log.warning("step functions refuses a call", extra={"error": code})
        raise Unavailable("Step Functions refuses a call.") from None
    except (BotoCoreError, TimeoutError) as error:
        log.warning("step functions does not answer", extra={"error": type(error).__name__})
        raise Unavailable("Step Functions does not answer.") from None
