"""Cursor pagination: lists are `{items, next_cursor}`; a cursor is opaque to clients."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel

from portico_kit.errors import InvalidRequest

CURSOR_LENGTH_MAX = 1024
Item = TypeVar("Item")


class InvalidCursor(InvalidRequest):
    """The cursor is not one of ours."""

    code = "invalid_cursor"
    title = "Invalid cursor"


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(position: Any) -> str:  # noqa: ANN401  any JSON value
    """Return the cursor of a position, which is any JSON value."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> Any:  # noqa: ANN401  any JSON value
    """Return the position of a cursor; `InvalidCursor` if it is not one. The caller checks what is in it."""
    if len(cursor) > CURSOR_LENGTH_MAX:
        raise InvalidCursor("The cursor is too long.")
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, orjson.JSONDecodeError):
        raise InvalidCursor("Use the next_cursor of an earlier answer.") from None
