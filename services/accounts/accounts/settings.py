"""What the service reads from its environment; README.md has the table."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from accounts.fields import Email, Locale, PersonName
from portico_kit.settings import AwsSettings, InternalSettings, ServiceSettings, TokenSettings

Group = Literal["buyer", "organiser", "staff", "administrator"]


class AccountsSettings(TokenSettings, InternalSettings, AwsSettings, ServiceSettings):
    """Settings of the serving process."""

    user_pool_id: str
    identity_table: str
    address_header: str = "x-envoy-external-address"
    failed_signins_max: int = Field(ge=1)
    failed_signins_window_s: int = Field(ge=1)


class DemoAccount(BaseModel):
    """An account for demonstrations, one a role."""

    role: Group
    email: Email
    password: SecretStr
    name: PersonName
    locale: Locale


class SeedSettings(AwsSettings, ServiceSettings):
    """Settings of the one-shot `seed` job."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)  # it holds passwords

    user_pool_id: str
    demo_accounts: list[DemoAccount]
