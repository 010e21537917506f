"""Structured logs: one JSON object a line on standard output, with the correlation id of the request.

Never log a token, a card, an e-mail address or a name: log ids.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from portico_kit.ids import new_id

if TYPE_CHECKING:
    from portico_kit.settings import ServiceSettings

_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="-")
STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
CORRELATION_ID_LENGTH_MAX = 128


def correlation_id() -> str:
    """Return the id of the request that is being served, or "-"."""
    return _correlation_id.get()


def adopt_correlation_id(received: str | None) -> str:
    """Take the caller's id if it is a plain short word, else make one; return it."""
    usable = (
        received
        and len(received) <= CORRELATION_ID_LENGTH_MAX
        and received.isascii()
        and received.isprintable()
    )
    adopted = received if received and usable else str(new_id())
    _correlation_id.set(adopted)
    return adopted


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module."""
    return logging.getLogger(name)


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line; what is passed as `extra` becomes members."""

    def __init__(self, identity: dict[str, str]) -> None:
        super().__init__()
        self._identity = identity

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "correlation_id": correlation_id(),
            **self._identity,
            **{name: value for name, value in vars(record).items() if name not in STANDARD_ATTRIBUTES},
        }
        if record.exc_info:
            line["stack"] = stack_without_values(record.exc_info)
        return as_json(line)


def as_json(line: dict[str, Any]) -> str:
    """Return JSON whatever the values are: half a surrogate pair must not cost us the line."""
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # what orjson refuses and the standard library takes
        return json.dumps(line, default=str)


def stack_without_values(exc_info: Any) -> list[str]:  # noqa: ANN401  logging's own loose type
    """Name the exception and the places it passed; its message could hold what must not be logged."""
    kind, _error, traceback = exc_info
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return [kind.__name__, *places[-20:]]


def configure_logging(settings: ServiceSettings) -> None:
    """Send every logger of this process to standard output as JSON lines."""
    identity = {"service": settings.service_name, "instance": settings.instance, "zone": settings.zone}
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(identity))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "botocore", "aiobotocore", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
