"""Cursors come back as they went, and anything else is refused with a stable code."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_kit.pagination import InvalidCursor, Page, decode_cursor, encode_cursor

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)


@given(st.lists(SCALARS, max_size=5) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=3))
def test_a_position_survives_its_cursor(position: object) -> None:
    cursor = encode_cursor(position)
    assert decode_cursor(cursor) == position
    assert cursor.isascii()
    assert not set(cursor) & set("+/= ")


@pytest.mark.parametrize("cursor", ["!", "ñ", "a", "e30=e30", "bm90IGpzb24", "_w", "A" * 5000, "e3 0", "\0"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor) as refused:
        decode_cursor(cursor)
    assert (refused.value.status, refused.value.code) == (422, "invalid_cursor")


@given(st.text(max_size=60))
def test_no_text_at_all_makes_it_fail_otherwise(cursor: str) -> None:
    with suppress(InvalidCursor):
        decode_cursor(cursor)


def test_a_page_knows_whether_it_is_the_last() -> None:
    assert Page[int](items=[1, 2]).model_dump() == {"items": [1, 2], "next_cursor": None}
