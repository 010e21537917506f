"""The `Idempotency-Key` header, and what makes two requests the same."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

import orjson
from fastapi import Depends, Header
from pydantic import BaseModel

from portico_kit.errors import InvalidRequest, Problem

KEY_PATTERN = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyKeyMissing(Problem):
    """The operation needs a key."""

    status = 400
    code = "idempotency_key_missing"
    title = "Idempotency-Key missing"


class IdempotencyKeyInvalid(Problem):
    """The key is not 1 to 255 visible ASCII characters."""

    status = 400
    code = "idempotency_key_invalid"
    title = "Idempotency-Key invalid"


class IdempotencyKeyReused(InvalidRequest):
    """The key was used with another request."""

    code = "idempotency_key_reused"
    title = "Idempotency-Key reused"


async def idempotency_key(
    key: Annotated[
        str | None, Header(alias="Idempotency-Key", description="1 to 255 visible ASCII characters")
    ] = None,
) -> str:
    """Return the request's key."""
    if key is None:
        raise IdempotencyKeyMissing("Send an Idempotency-Key that is new for each attempt to buy.")
    if KEY_PATTERN.fullmatch(key) is None:
        raise IdempotencyKeyInvalid("A key is 1 to 255 visible ASCII characters.")
    return key


IdempotencyKey = Annotated[str, Depends(idempotency_key)]


def request_hash(method: str, path: str, subject: str, body: BaseModel) -> bytes:
    """Hash what makes a request the same: operation, caller, and the body's values whatever their order."""
    canonical = orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), subject.encode(), canonical))).digest()
