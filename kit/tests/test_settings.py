"""Settings come from the environment, never show a secret, and refuse what contradicts itself."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from portico_kit.settings import DatabaseSettings, InternalSettings, ServiceSettings

SECRET = "postgresql://u:open-sesame@h/db"


class FirstMixins(DatabaseSettings, ServiceSettings):
    """Mixins before."""


class LastMixins(ServiceSettings, DatabaseSettings):
    """Mixins behind."""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("SERVICE_NAME", "boxoffice")
    monkeypatch.setenv("INSTANCE", "boxoffice-a1")
    monkeypatch.setenv("DATABASE_URL", SECRET)
    return monkeypatch


@pytest.mark.parametrize("kind", [FirstMixins, LastMixins])
def test_the_order_of_mixins_does_not_matter(
    environment: pytest.MonkeyPatch, kind: type[FirstMixins | LastMixins]
) -> None:
    environment.setenv("PORT", "8123")
    settings = kind()
    assert (settings.instance, settings.port, settings.database_pool_max) == ("boxoffice-a1", 8123, 10)
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1


def test_secrets_do_not_show(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("INTERNAL_TOKEN", "open-sesame")
    assert "sesame" not in repr(FirstMixins()) + repr(InternalSettings())


@pytest.mark.parametrize("kind", [FirstMixins, LastMixins])
def test_an_error_names_the_variable_and_not_the_values(
    environment: pytest.MonkeyPatch, kind: type[FirstMixins | LastMixins]
) -> None:
    environment.delenv("INSTANCE")
    environment.setenv("PORT", "sesame")
    with pytest.raises(ValidationError) as refused:
        kind()
    assert "instance" in str(refused.value)
    assert "sesame" not in str(refused.value)


def test_pool_bounds_must_be_in_order(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_POOL_MIN", "11")
    with pytest.raises(ValidationError, match="DATABASE_POOL_MIN"):
        FirstMixins()
