"""Alembic's entry: the kit knows how to run."""

from portico_kit.migrations import run_environment

run_environment()
