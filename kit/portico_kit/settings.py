"""What services read from their environment. One mixin a dependency; a service combines what it uses.

Field names are the environment variables in lower case. Secrets are `SecretStr`: printing one shows
asterisks, and an error about the environment does not print what it holds.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(BaseSettings):
    """How every group of settings is read. Each mixin derives from it, so their order does not matter."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class ServiceSettings(Environment):
    """Who this instance is and where it listens."""

    service_name: str
    instance: str
    zone: str = "-"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    log_level: str = "INFO"
    drain_s: float = Field(default=1.0, ge=0, le=60)
    request_bytes_max: int = Field(default=65_536, ge=1)


class DatabaseSettings(Environment):
    """PostgreSQL. Both addresses may list several hosts; `target_session_attrs` chooses among them."""

    database_url: SecretStr
    database_replica_url: SecretStr | None = None
    database_pool_min: int = Field(default=1, ge=0)
    database_pool_max: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.database_pool_min > self.database_pool_max:
            raise ValueError("DATABASE_POOL_MIN is above DATABASE_POOL_MAX")
        return self


class AwsSettings(Environment):
    """AWS; without an endpoint it is AWS itself, with credentials from the usual chain."""

    aws_endpoint_url: str | None = None
    aws_region: str = "eu-west-1"


class TokenSettings(Environment):
    """Whose access tokens are accepted."""

    token_issuer: str
    token_jwks_url: str
    token_client_id: str


class InternalSettings(Environment):
    """The secret of calls between our own parts."""

    internal_token: SecretStr
