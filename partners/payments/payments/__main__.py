"""`python -m payments [serve|migrate|openapi]`."""

from __future__ import annotations

import sys
from pathlib import Path

from portico_kit.jobs import run_command


def serve() -> None:
    """Serve until told to stop."""
    from payments.app import create_app  # noqa: PLC0415  each command loads what it needs
    from payments.settings import PaymentsSettings  # noqa: PLC0415
    from portico_kit.server import run  # noqa: PLC0415

    run(create_app, PaymentsSettings.model_validate({}))


def migrate() -> None:
    """Bring the database to the newest version."""
    from payments.settings import JobSettings  # noqa: PLC0415
    from portico_kit.migrations import run_migrations  # noqa: PLC0415

    run_migrations(JobSettings.model_validate({}).database_url, Path(__file__).parent / "migrations")


def openapi() -> None:
    """Print the OpenAPI document."""
    from payments.app import describe  # noqa: PLC0415
    from portico_kit.jobs import write_json  # noqa: PLC0415

    write_json(describe())


if __name__ == "__main__":
    sys.exit(run_command("payments", (serve, migrate, openapi)))
