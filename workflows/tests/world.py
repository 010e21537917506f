"""The state machines in the emulator, with stand-ins around them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import botocore.session
from botocore.config import Config

from portico_runtime.emulator.provision import Resources
from tests.fixtures.emulator import Emulator
from workflows.tests.stand_in import StandIn

EXECUTION_TIMEOUT_S = 60
CALLERS_MAX = 1_000
MISSING_MACHINE = "arn:aws:states:eu-west-1:000000000000:stateMachine:absent"
Definition = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An execution that has ended: its last word, and the states that it went through."""

    name: str
    output: dict[str, Any]
    error: str | None
    path: list[str]


@dataclass
class World:
    """One emulator with our stacks, two partners and two services that answer as told."""

    emulator: Emulator
    payments: StandIn = field(default_factory=StandIn)
    notifications: StandIn = field(default_factory=StandIn)
    boxoffice: StandIn = field(default_factory=StandIn)
    accounts: StandIn = field(default_factory=StandIn)

    def __post_init__(self) -> None:
        names = ("payments", "notifications", "boxoffice", "accounts")
        urls = {f"{name}_url": getattr(self, name).url for name in names}
        self.resources: Resources = self.emulator.provision(**urls)
        self.states = self.client("stepfunctions")
        self.dynamodb = self.client("dynamodb")
        self._variants: dict[str, str] = {}

    def client(self, service: str) -> Any:
        """Return an AWS client that a thousand threads may share."""
        config = Config(
            connect_timeout=30,
            read_timeout=EXECUTION_TIMEOUT_S,
            max_pool_connections=CALLERS_MAX,
            retries={"total_max_attempts": 3, "mode": "standard"},
            inject_host_prefix=False,  # "sync-" before a loopback address is no host
        )
        credentials = self.emulator.credentials
        return botocore.session.get_session().create_client(
            service,
            endpoint_url=self.emulator.url,
            region_name=self.emulator.region,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            config=config,
        )

    def stand_ins(self) -> tuple[StandIn, ...]:
        """Return the partners and the services."""
        return (self.payments, self.notifications, self.boxoffice, self.accounts)

    def begin(self) -> None:
        """Forget every breaker row, script and request."""
        for stand_in in self.stand_ins():
            stand_in.forget()
        for partner in ("payments", "notifications"):
            self.dynamodb.delete_item(TableName=self.breakers, Key={"partner": {"S": partner}})

    def close(self) -> None:
        """Stop the stand-ins and delete the machines that tests made."""
        for arn in self._variants.values():
            self.states.delete_state_machine(stateMachineArn=arn)
        for stand_in in self.stand_ins():
            stand_in.close()

    @property
    def breakers(self) -> str:
        """Name of the table of breaker rows."""
        return self.resources.tables["breakers"]

    def breaker(self, partner: str = "payments") -> dict[str, Any]:
        """Return a breaker's row without its key; numbers are epoch milliseconds or counts."""
        answer = self.dynamodb.get_item(
            TableName=self.breakers, Key={"partner": {"S": partner}}, ConsistentRead=True
        )
        item = answer.get("Item", {})
        return {
            name: int(float(value["N"])) if "N" in value else value["S"]
            for name, value in item.items()
            if name != "partner"
        }

    def set_breaker(self, partner: str = "payments", **row: int | str) -> None:
        """Write a breaker's row."""
        typed = {
            name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in row.items()
        }
        self.dynamodb.put_item(TableName=self.breakers, Item={"partner": {"S": partner}, **typed})

    def call(self, arn: str | None = None, *, key: str | None = None, partner: str = "payments") -> Any:
        """Call a partner through the breaker, as an Express execution, and return its output."""
        request = {"method": "POST", "path": "/v1/charges", "body": {"amount_cents": 1200}}
        given = {
            "partner": partner,
            "request": request,
            "idempotencyKey": key or f"{uuid.uuid4()}:charge",
            "correlationId": "correlation-1",
        }
        answer = self.states.start_sync_execution(
            stateMachineArn=arn or self.resources.call_partner_arn, input=json.dumps(given)
        )
        assert answer["status"] == "SUCCEEDED", answer
        return json.loads(answer["output"])

    def definition(self, arn: str) -> Definition:
        """Return a machine's definition as the stack filled it in."""
        described = self.states.describe_state_machine(stateMachineArn=arn)
        definition: Definition = json.loads(described["definition"])
        return definition

    def variant(
        self,
        name: str,
        arn: str,
        change: Callable[[Definition], None] = lambda _: None,
        *,
        kind: str = "STANDARD",
    ) -> str:
        """Return a machine with a changed copy of a definition, made once for each name.

        A Standard one has a history, from which to read the path.
        """
        if name not in self._variants:
            described = self.states.describe_state_machine(stateMachineArn=arn)
            definition: Definition = json.loads(described["definition"])
            change(definition)
            made = self.states.create_state_machine(
                name=f"variant-{len(self._variants)}-{uuid.uuid4().hex[:8]}",
                definition=json.dumps(definition),
                roleArn=described["roleArn"],
                type=kind,
            )
            self._variants[name] = made["stateMachineArn"]
        return self._variants[name]

    def run(self, arn: str, given: dict[str, Any], *, name: str | None = None) -> Ended:
        """Run a Standard execution to its end."""
        name = name or str(uuid.uuid4())
        started = self.states.start_execution(stateMachineArn=arn, name=name, input=json.dumps(given))
        deadline = time.monotonic() + EXECUTION_TIMEOUT_S
        while True:
            described = self.states.describe_execution(executionArn=started["executionArn"])
            if described["status"] != "RUNNING":
                break
            assert time.monotonic() < deadline, f"{name} is still running"
            time.sleep(0.01)
        history = self.states.get_execution_history(executionArn=started["executionArn"], maxResults=1000)
        entered = (event.get("stateEnteredEventDetails") for event in history["events"])
        return Ended(
            name=name,
            output=json.loads(described.get("output") or "{}"),
            error=described.get("error"),
            path=[details["name"] for details in entered if details],
        )


def edges(definition: Definition) -> set[tuple[str, str]]:
    """Return every transition that a definition allows, as pairs of state names."""
    found: set[tuple[str, str]] = set()
    for name, state in definition["States"].items():
        arms = [state, *state.get("Choices", []), *state.get("Catch", [])]
        found |= {(name, arm["Next"]) for arm in arms if "Next" in arm}
        found |= {(name, state["Default"])} if "Default" in state else set()
    return found


def travelled(path: list[str]) -> set[tuple[str, str]]:
    """Return the transitions of a path."""
    return set(pairwise(path))


def without(state: str) -> Callable[[Definition], None]:
    """Return a change that takes away the table, machine or function that a state uses."""

    def change(definition: Definition) -> None:
        used = definition["States"][state]["Arguments"]
        if "StateMachineArn" in used:
            used["StateMachineArn"] = MISSING_MACHINE
        else:
            used["TableName" if "TableName" in used else "FunctionName"] = "absent"

    return change
