"""What AWS demands of the definitions and the emulator does not: a validator, and AWS's own limits.

Limits: AWS Step Functions Developer Guide, "Service quotas" and "Amazon States Language".
"""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from call_partner.connection import RESPONSE_BYTES_MAX
from portico_runtime import node
from portico_topology import SYSTEM

FOLDER = Path(__file__).resolve().parents[1]
VALIDATOR = FOLDER / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"
VALIDATOR_TIMEOUT_S = 60
STATE_NAME_CHARACTERS_MAX = 80
EXECUTION_NAME = re.compile(r"[0-9A-Za-z_-]{1,80}")
DEFINITION_BYTES_MAX = 1_048_576
PAYLOAD_BYTES_MAX = 262_144
EXPRESS_SECONDS_MAX = 300
NAMES = [workflow.name for workflow in SYSTEM.workflows]
EXPRESSION = re.compile(r"^\{%.*%\}$", re.DOTALL)
INTEGRATIONS = {
    "arn:aws:states:::dynamodb:getItem",
    "arn:aws:states:::dynamodb:updateItem",
    "arn:aws:states:::lambda:invoke",
    "arn:aws:states:::aws-sdk:sfn:startSyncExecution",
}


def definition(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.asl.json").read_text())
    return loaded


@pytest.fixture(scope="session")
def validator() -> Path:
    node.install(FOLDER)
    return VALIDATOR


def validate(validator: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    arguments = [argument for path in paths for argument in ("--json-path", str(path))]
    command = [str(node.NODE), str(validator), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=VALIDATOR_TIMEOUT_S, check=False)


def test_the_validator_accepts_both_and_refuses_a_state_that_leads_nowhere(
    validator: Path, tmp_path: Path
) -> None:
    done = validate(validator, *(FOLDER / f"{name}.asl.json" for name in NAMES))
    assert done.returncode == 0, done.stdout + done.stderr
    broken = definition("checkout")
    broken["States"]["Charge"]["Next"] = "Nowhere"
    path = tmp_path / "broken.asl.json"
    path.write_text(json.dumps(broken))
    refused = validate(validator, path)
    assert refused.returncode != 0
    assert "Nowhere" in refused.stdout + refused.stderr


def test_every_workflow_of_the_topology_has_a_definition_and_each_definition_a_workflow() -> None:
    assert sorted(NAMES) == sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.asl.json"))


@pytest.mark.parametrize("name", NAMES)
def test_names_and_sizes_are_within_the_limits(name: str) -> None:
    states = definition(name)["States"]
    assert max(map(len, states)) <= STATE_NAME_CHARACTERS_MAX
    assert (FOLDER / f"{name}.asl.json").stat().st_size < DEFINITION_BYTES_MAX


def test_every_name_that_boxoffice_gives_an_execution_is_allowed() -> None:
    order_id = str(uuid.uuid4())
    for name in (order_id, f"{order_id}-reverse-4", f"{order_id}-notify-12", f"{order_id}-charge-12"):
        assert EXECUTION_NAME.fullmatch(name)
    assert not EXECUTION_NAME.fullmatch(f"{order_id}:reverse:4")


@pytest.mark.parametrize("workflow", SYSTEM.workflows, ids=lambda workflow: workflow.name)
def test_a_machine_ends_by_itself(workflow: Any) -> None:
    made = definition(workflow.name)
    assert made["TimeoutSeconds"] == workflow.timeout_s
    if workflow.express:
        assert workflow.timeout_s <= EXPRESS_SECONDS_MAX


@pytest.mark.parametrize("name", NAMES)
def test_every_task_is_bounded_retried_on_throttling_and_caught(name: str) -> None:
    states = definition(name)["States"].values()
    for task in (state for state in states if state["Type"] == "Task"):
        assert task["Resource"] in INTEGRATIONS
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        assert "States.ALL" not in [error for retry in task["Retry"] for error in retry["ErrorEquals"]]
        for retry in task["Retry"]:
            assert retry["MaxAttempts"] <= 2
            assert retry["MaxDelaySeconds"] <= 3
            assert retry["JitterStrategy"] == "FULL"
        if not task["Resource"].startswith("arn:aws:states:::dynamodb"):
            assert task["TimeoutSeconds"] <= 40


@pytest.mark.parametrize("name", NAMES)
def test_a_nested_machine_is_called_as_aws_calls_it(name: str) -> None:
    """Its input is text, and its outcome is looked at: a failed child does not fail the task."""
    states = definition(name)["States"].values()
    nested = [state for state in states if state.get("Resource", "").endswith("sfn:startSyncExecution")]
    assert bool(nested) == (name == "checkout")
    for task in nested:
        assert task["Arguments"]["Input"].startswith("{% $string({")
        (result,) = (value for value in task["Assign"].values() if "$parse" in value)
        assert "$states.result.Status = 'SUCCEEDED'" in result


def texts(value: Any) -> Iterator[str]:
    """Return every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


@pytest.mark.parametrize("name", NAMES)
def test_expressions_are_whole_texts(name: str) -> None:
    """A text that holds `{%` but is no expression is taken literally on AWS."""
    for text in texts(definition(name)):
        assert EXPRESSION.match(text) or "{%" not in text


def test_the_largest_answer_of_a_partner_fits_between_states() -> None:
    assert RESPONSE_BYTES_MAX < PAYLOAD_BYTES_MAX
