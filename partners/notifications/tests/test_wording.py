"""Dates and money, as people of each language write them."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from string import Formatter

import pytest

from notifications.emails.wording import ENGLISH, SPANISH, date_text, money_text

EVENING = datetime(2026, 12, 4, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "time_zone", "spanish", "english"),
    [
        (
            EVENING,
            "Europe/Madrid",
            "viernes, 4 de diciembre de 2026, 20:30\N{NO-BREAK SPACE}h",
            "Friday 4 December 2026, 20:30",
        ),
        (
            EVENING,
            "Atlantic/Canary",
            "viernes, 4 de diciembre de 2026, 19:30\N{NO-BREAK SPACE}h",
            "Friday 4 December 2026, 19:30",
        ),
        (  # already the next day there
            EVENING,
            "Asia/Tokyo",
            "sábado, 5 de diciembre de 2026, 04:30\N{NO-BREAK SPACE}h",
            "Saturday 5 December 2026, 04:30",
        ),
        (  # the last hour of summer time, the second time it comes
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            "Europe/Madrid",
            "domingo, 25 de octubre de 2026, 02:30\N{NO-BREAK SPACE}h",
            "Sunday 25 October 2026, 02:30",
        ),
    ],
)
def test_dates_are_in_the_venues_time(moment: datetime, time_zone: str, spanish: str, english: str) -> None:
    assert date_text(moment, time_zone, "es") == spanish
    assert date_text(moment, time_zone, "en") == english


@pytest.mark.parametrize(
    ("cents", "currency", "spanish", "english"),
    [
        (0, "EUR", "0,00_€", "€0.00"),
        (5, "EUR", "0,05_€", "€0.05"),
        (4550, "EUR", "45,50_€", "€45.50"),
        (123_456, "EUR", "1234,56_€", "€1,234.56"),
        (1_234_567, "EUR", "12.345,67_€", "€12,345.67"),
        (100_000_000, "USD", "1.000.000,00_$", "$1,000,000.00"),
        (4550, "CHF", "45,50_CHF", "CHF_45.50"),
    ],
)
def test_money(cents: int, currency: str, spanish: str, english: str) -> None:
    assert money_text(cents, currency, "es") == spanish.replace("_", "\N{NO-BREAK SPACE}")
    assert money_text(cents, currency, "en") == english.replace("_", "\N{NO-BREAK SPACE}")


def test_both_languages_say_the_same_things() -> None:
    for field in fields(SPANISH):
        spanish, english = getattr(SPANISH, field.name), getattr(ENGLISH, field.name)
        assert len(spanish) > 0
        if isinstance(spanish, tuple):
            assert len(spanish) == len(english)
        else:
            assert placeholders(spanish) == placeholders(english)


def placeholders(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}
