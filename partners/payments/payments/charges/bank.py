"""The bank behind the provider: what becomes of each test card."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Approved unless there is a `decline_code`, `after_s` seconds from now."""

    decline_code: str | None = None
    after_s: float = 0


DECISIONS = {
    "tok_visa": Decision(),
    "tok_declined": Decision(decline_code="card_declined"),
    "tok_insufficient_funds": Decision(decline_code="insufficient_funds"),
    "tok_timeout": Decision(after_s=30),  # longer than any caller waits: a late success
}
