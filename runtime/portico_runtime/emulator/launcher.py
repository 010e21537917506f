"""Starts ministack with authentication on, on loopback, with state that outlives it, and with `mends` applied.

Environment: `PORT`, `STATE_DIR`. What must be set before ministack is imported is set here.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SETTINGS = {
    "AUTH": "true",  # without it wrong codes succeed and forged tokens pass
    "BIND_HOST": "127.0.0.1",
    "MINISTACK_HOST": "127.0.0.1",
    "IOT_MTLS_ENABLED": "0",  # it would listen on a fixed port, and a second system could not start
    "PERSIST_STATE": "1",
    "LAMBDA_EXECUTOR": "local",
    "LAMBDA_WARM_TTL_SECONDS": "300",
    "LOG_LEVEL": "WARNING",
}


def main() -> None:
    """Be the emulator until SIGTERM."""
    os.environ.update(SETTINGS)
    os.environ["GATEWAY_PORT"] = os.environ["PORT"]
    os.environ.setdefault("MINISTACK_REGION", os.environ.get("AWS_REGION", "eu-west-1"))
    Path(os.environ["STATE_DIR"]).mkdir(parents=True, exist_ok=True)
    # Lambda's workers run under this Python; what they import is in their own package, so they need none of ours.
    os.environ.pop("PYTHONPATH", None)
    sys.argv = sys.argv[:1]

    from ministack import app  # noqa: PLC0415  only after its environment is set

    from portico_runtime.emulator import mends  # noqa: PLC0415

    mends.apply()
    app.main()
