"""What the service reads from its environment; README.md has the table."""

from __future__ import annotations

from pydantic import Field, SecretStr

from portico_kit.settings import (
    AwsSettings,
    DatabaseSettings,
    InternalSettings,
    ServiceSettings,
    TokenSettings,
)


class BoxofficeSettings(TokenSettings, InternalSettings, AwsSettings, DatabaseSettings, ServiceSettings):
    """Settings of the serving process."""

    # The reconciler and the relay have a connection each, and the reconciler another for each change.
    database_pool_max: int = Field(default=10, ge=4)
    events_table: str
    identity_table: str
    checkout_state_machine_arn: str
    ticket_signing_key: SecretStr
    hold_ttl_s: int = Field(default=600, ge=1)
    order_deadline_s: int = Field(default=120, ge=1)


class SeedSettings(AwsSettings, DatabaseSettings, ServiceSettings):
    """Settings of the one-shot `seed` job."""

    events_table: str


class JobSettings(DatabaseSettings, ServiceSettings):
    """Settings of the jobs that need the database alone: `migrate` and `audit`."""
