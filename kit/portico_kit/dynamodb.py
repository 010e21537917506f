"""DynamoDB items as plain dictionaries, and DynamoDB's errors as ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from portico_kit.errors import Unavailable
from portico_kit.telemetry import get_logger

log = get_logger(__name__)
THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "InternalServerError",
        "ServiceUnavailable",
        "TransactionConflictException",
        "TransactionCanceledException",
    }
)


class ConditionFailed(Exception):  # noqa: N818  DynamoDB's own word
    """A conditional write found its condition false. `item` is what is there, if the call asked for it."""

    def __init__(self, item: dict[str, Any] | None = None) -> None:
        super().__init__("the condition of a write is false")
        self.item = item


def to_item(values: Mapping[str, object]) -> dict[str, Any]:
    """Return DynamoDB's form of a dictionary: strings, numbers, booleans, None, lists, maps and bytes."""
    return {name: to_attribute(value) for name, value in values.items()}


def to_attribute(value: object) -> dict[str, Any]:  # noqa: PLR0911  one line a type
    """Return DynamoDB's form of one value; `TypeError` for what it cannot hold."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": to_item(value)}
        case list() | tuple():
            return {"L": [to_attribute(element) for element in value]}
        case set() | frozenset():
            return {"SS": sorted(value)}
    raise TypeError(f"DynamoDB cannot hold a {type(value).__name__}")


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dictionary that an item holds; numbers are int where they are whole, else float."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:  # noqa: ANN401  any value
    """Return the value that an attribute holds."""
    ((kind, value),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "N":
            number = Decimal(value)
            return int(number) if number == number.to_integral_value() else float(number)
        case "M":
            return from_item(value)
        case "L":
            return [from_attribute(element) for element in value]
        case "SS":
            return set(value)
    return value


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn a call's errors into `ConditionFailed` or `Unavailable`; a misconfiguration is logged."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  loaded only where AWS is used

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if condition := failed_condition(error.response):
            raise condition from None
        if code not in THROTTLES:
            log.error("the store refuses a call", extra={"error": code})  # noqa: TRY400  no stack
        raise Unavailable("The document store is busy.") from None
    except BotoCoreError:
        raise Unavailable("The document store does not answer.") from None


def failed_condition(response: Mapping[str, Any]) -> ConditionFailed | None:
    """Return the false condition that an error tells of, of a write or of one inside a transaction."""
    code = response.get("Error", {}).get("Code", "")
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(from_item(response["Item"]) if response.get("Item") else None)
    for reason in response.get("CancellationReasons", ()):
        if reason.get("Code") == "ConditionalCheckFailed":
            return ConditionFailed(from_item(reason["Item"]) if reason.get("Item") else None)
    return None
