"""`python -m boxoffice [serve|migrate|seed|audit|openapi]`: the service and its one-shot jobs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from portico_kit.jobs import run_command, write_json


def serve() -> None:
    """Serve until told to stop."""
    from boxoffice.app import create_app  # noqa: PLC0415
    from boxoffice.settings import BoxofficeSettings  # noqa: PLC0415
    from portico_kit.server import run  # noqa: PLC0415  each command loads what it needs

    run(create_app, BoxofficeSettings.model_validate({}))


def migrate() -> None:
    """Bring the database to the newest version."""
    from boxoffice.settings import JobSettings  # noqa: PLC0415
    from portico_kit.migrations import run_migrations  # noqa: PLC0415

    run_migrations(JobSettings.model_validate({}).database_url, Path(__file__).parent / "migrations")


def seed() -> None:
    """Make the events to begin with, or repair what the document store lost."""
    from boxoffice.seed.loader import run_seed  # noqa: PLC0415
    from boxoffice.settings import SeedSettings  # noqa: PLC0415

    asyncio.run(run_seed(SeedSettings.model_validate({})))


def audit() -> None:
    """Print the figures that must add up, as JSON."""
    from boxoffice.books.repository import read_books  # noqa: PLC0415
    from boxoffice.settings import JobSettings  # noqa: PLC0415

    write_json(asyncio.run(read_books(JobSettings.model_validate({}))))


def openapi() -> None:
    """Print the OpenAPI document."""
    from boxoffice.app import describe  # noqa: PLC0415

    write_json(describe())


if __name__ == "__main__":
    sys.exit(run_command("boxoffice", (serve, migrate, seed, audit, openapi)))
