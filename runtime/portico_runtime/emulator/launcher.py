"""Starts ministack with authentication on, on loopback, with state that outlives it, and mended.

Environment: `PORT`, `STATE_DIR`. What must be set before ministack is imported is set here.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

SETTINGS = {
    "AUTH": "true",  # without it wrong codes succeed and forged tokens pass
    "BIND_HOST": "127.0.0.1",
    "MINISTACK_HOST": "127.0.0.1",
    "IOT_MTLS_ENABLED": "0",  # it would listen on a fixed port, and a second system could not start
    "SFTP_ENABLED": "0",
    "PERSIST_STATE": "1",
    "LAMBDA_EXECUTOR": "local",
    "LAMBDA_WARM_TTL_SECONDS": "60",  # of the workers that a burst leaves: the first stays
    "LOG_LEVEL": "WARNING",
}


def main() -> None:
    """Be the emulator until SIGTERM."""
    prepare()

    from ministack import app  # noqa: PLC0415  only after its environment is set

    from portico_runtime.emulator import durability, mends  # noqa: PLC0415

    writes = threading.RLock()
    try:
        mends.apply(writes)
        durability.apply(writes)
    except mends.MinistackChangedError as error:
        sys.exit(f"the emulator cannot start: {error}")
    app.main()


def prepare() -> None:
    """Set the environment that ministack reads when it is imported, and clear its scratch folder."""
    os.environ.update(SETTINGS)
    os.environ["GATEWAY_PORT"] = os.environ["PORT"]
    os.environ.setdefault("MINISTACK_REGION", os.environ.get("AWS_REGION", "eu-west-1"))
    # Lambda's workers run under this Python; all that they import is in their own package.
    os.environ.pop("PYTHONPATH", None)
    # Unpacked functions: inside the state, where the next start removes what a kill left.
    scratch = Path(os.environ["STATE_DIR"], "scratch")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    sys.argv = sys.argv[:1]
