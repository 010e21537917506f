"""One account has one spelling; what cannot be kept is refused before it travels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from accounts.fields import Locale, check_password_characters, locale_of, normalise_email, normalise_name

COMPOSED, DECOMPOSED = "jos\u00e9@example.com", "jose\u0301@example.com"


@pytest.mark.parametrize(
    "spelling", ["ana@example.com", "ANA@EXAMPLE.COM", "  ana@example.com\t", "Ana@Example.Com"]
)
def test_spellings_of_an_address_are_one(spelling: str) -> None:
    assert normalise_email(spelling) == "ana@example.com"


def test_unicode_forms_of_an_address_are_one() -> None:
    assert COMPOSED != DECOMPOSED
    assert normalise_email(DECOMPOSED) == normalise_email(COMPOSED) == COMPOSED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "@example.com",
        "ana@",
        "ana@example",
        "ana@@example.com",
        "ana@example..com",
        ".ana@example.com",
        "ana.@example.com",
        "a..na@example.com",
        "ana smith@example.com",
        "ana@exa mple.com",
        "ana@-example.com",
        "ana@example-.com",
        "ana\x00@example.com",
        "ana\n@example.com",
        "ana@example.com\x00",
        "<ana@example.com>",
        "ana@example.com,eva@example.com",
        f"{'a' * 65}@example.com",
        f"ana@{'a' * 64}.com",
        f"ana@{'a.' * 70}com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        normalise_email(text)


@given(st.emails())
def test_normalising_twice_changes_nothing(email: str) -> None:
    try:
        once = normalise_email(email)
    except ValueError:
        return
    assert normalise_email(once) == once


@pytest.mark.parametrize(
    "name", ["A", "Ana García", "O'Brien-Núñez", "山田 太郎", "x" * 100, "👩‍👩‍👧 Family"]
)
def test_names_of_people_are_kept(name: str) -> None:
    assert normalise_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name", ["", "   ", "x" * 101, "a\x00b", "a\nb", "a\x7fb", "a\u2028b", "Ana\u202egnp.exe"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name has"):
        normalise_name(name)


@pytest.mark.parametrize("password", [" Abcdefghij12", "Abcdefghij12 ", "Abcdef\x00ghij12", "Abcdef\nghij12"])
def test_a_password_that_cognito_cannot_keep_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="a password has no"):
        check_password_characters(SecretStr(password))


@pytest.mark.parametrize(
    ("attribute", "locale"),
    [("es", Locale.SPANISH), ("en", Locale.ENGLISH), ("en-GB", Locale.ENGLISH), (None, Locale.SPANISH)],
)
def test_an_attribute_of_the_pool_is_read_as_a_language(attribute: str | None, locale: Locale) -> None:
    assert locale_of(attribute) is locale
