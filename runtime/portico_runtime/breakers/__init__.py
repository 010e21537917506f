"""The circuit breakers' state, as the status shows it."""

from __future__ import annotations

from portico_runtime.breakers.repository import BreakerReader, breaker_state

__all__ = ["BreakerReader", "breaker_state"]
