"""Log lines are JSON with the correlation id, and a stack shows places, never values."""

from __future__ import annotations

import json
import logging

import pytest

from portico_kit.settings import ServiceSettings
from portico_kit.telemetry import (
    JsonFormatter,
    adopt_correlation_id,
    configure_logging,
    correlation_id,
    get_logger,
)

IDENTITY = {"service": "boxoffice", "instance": "boxoffice-a1", "zone": "a"}


def formatted(message: str, *, error: Exception | None = None, **extra: object) -> dict[str, object]:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "test", **extra})
    if error is not None:
        record.exc_info = (type(error), error, error.__traceback__)
    line = JsonFormatter(IDENTITY).format(record)
    assert "\n" not in line
    parsed: dict[str, object] = json.loads(line)
    return parsed


def test_a_line_says_who_and_what_and_for_which_request() -> None:
    adopted = adopt_correlation_id("abc-1")
    line = formatted("hold made", hold_id="h1", seats=2)
    assert line["message"] == "hold made"
    assert (line["hold_id"], line["seats"], line["correlation_id"]) == ("h1", 2, adopted)
    assert IDENTITY.items() <= line.items()


def test_a_stack_has_places_without_the_message_of_the_exception() -> None:
    def fail() -> None:
        raise ValueError("tok_visa of ana@example.com")

    with pytest.raises(ValueError, match="tok_visa") as raised:
        fail()
    line = formatted("unexpected", error=raised.value)
    assert "tok_visa" not in json.dumps(line)
    stack = line["stack"]
    assert isinstance(stack, list)
    assert stack[0] == "ValueError"
    assert stack[-1].endswith(" fail")


@pytest.mark.parametrize("strange", [object(), b"\xff", "half \ud800 pair", {1: 2}, 10**40])
def test_what_json_cannot_say_is_still_logged(strange: object) -> None:
    assert formatted("strange", value=strange)["message"] == "strange"


@pytest.mark.parametrize("received", [None, "", "a b\x7f", "ñ", "x" * 129, "a\nb"])
def test_an_unusable_correlation_id_is_replaced(received: str | None) -> None:
    adopted = adopt_correlation_id(received)
    assert adopted != received
    assert correlation_id() == adopted


def test_every_logger_writes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging(ServiceSettings(service_name="s", instance="s-a1", log_level="info"))
        get_logger("anything").info("hello")
        logging.getLogger("botocore").info("credentials found")
    finally:
        root.handlers[:], root.level = before, level
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["instance"] == "s-a1"
