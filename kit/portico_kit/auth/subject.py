"""The caller that a verified token names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Subject:
    """`id` is the token's `sub`; `groups` are the pool's; `claims` is the whole verified token."""

    id: str
    groups: frozenset[str]
    claims: Mapping[str, Any]
    token: str

    @property
    def session(self) -> str | None:
        """Id of the sign-in that this token came from (Cognito's `origin_jti`)."""
        origin: str | None = self.claims.get("origin_jti")
        return origin
