"""What the service reads from its environment; README.md has the table."""

from __future__ import annotations

from pydantic import SecretStr

from portico_kit.settings import DatabaseSettings, ServiceSettings


class JobSettings(DatabaseSettings, ServiceSettings):
    """Settings of the `migrate` job."""


class PaymentsSettings(JobSettings):
    """Settings of the serving process."""

    partner_api_key: SecretStr
    faults_enabled: bool = False
