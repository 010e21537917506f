"""Items survive their stay in DynamoDB's form, and its errors become ours."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from portico_kit.dynamodb import ConditionFailed, from_item, store_errors, to_item
from portico_kit.errors import Unavailable

SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20) | st.binary(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_a_dictionary_survives(values: dict[str, object]) -> None:
    assert from_item(to_item(values)) == values


def test_numbers_are_whole_where_they_can_be() -> None:
    item = from_item({"a": {"N": "3"}, "b": {"N": "3.0"}, "c": {"N": "2.5"}, "d": {"N": "1E+3"}})
    assert item == {"a": 3, "b": 3, "c": 2.5, "d": 1000}
    assert [type(value) for value in item.values()] == [int, int, float, int]
    assert to_item({"price": Decimal("12.50")}) == {"price": {"N": "12.50"}}


def test_sets_of_strings_survive_and_other_things_are_refused() -> None:
    assert from_item(to_item({"tags": {"b", "a"}})) == {"tags": {"a", "b"}}
    with pytest.raises(TypeError, match="object"):
        to_item({"x": object()})


def client_error(code: str, **members: object) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "m"}, **members}
    return ClientError(response, "PutItem")


@pytest.mark.parametrize("item", [None, {"owner": {"S": "ana"}}])
def test_a_false_condition_is_told_with_what_is_there(item: dict[str, object] | None) -> None:
    members = {"Item": item} if item else {}
    with pytest.raises(ConditionFailed) as failed, store_errors():
        raise client_error("ConditionalCheckFailedException", **members)
    assert failed.value.item == ({"owner": "ana"} if item else None)


def test_a_false_condition_inside_a_transaction_is_told_too() -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    with pytest.raises(ConditionFailed), store_errors():
        raise client_error("TransactionCanceledException", CancellationReasons=reasons)
    with pytest.raises(Unavailable), store_errors():
        raise client_error(
            "TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}]
        )


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_what_the_store_refuses_is_unavailable(code: str) -> None:
    with pytest.raises(Unavailable), store_errors():
        raise client_error(code)


def test_a_store_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable), store_errors():
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
