"""A weak password is answered with what it lacks."""

from __future__ import annotations

import pytest

from accounts.passwords.policy import check_password
from accounts.problems import WeakPassword


@pytest.mark.parametrize("password", ["Abcdefghij12", "aaaaaaaaaaA1", "Contraseña 1 larga"])
def test_a_password_that_meets_the_policy_passes(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Abcdefghi12", ["length"]),
        ("abcdefghij12", ["uppercase"]),
        ("ABCDEFGHIJ12", ["lowercase"]),
        ("Abcdefghijkl", ["digit"]),
        ("Ñbcdefghij12", ["uppercase"]),  # Cognito counts basic Latin letters only
        ("!", ["length", "uppercase", "lowercase", "digit"]),
    ],
)
def test_a_weak_password_is_refused_with_everything_it_lacks(password: str, missing: list[str]) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password(password)
    assert refused.value.members["missing"] == missing
