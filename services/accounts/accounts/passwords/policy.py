"""The password policy. The pool enforces the same numbers; here the answer can say what is missing."""

from __future__ import annotations

import re

from accounts.problems import WeakPassword

PASSWORD_LENGTH_MIN = 12
# Cognito counts basic Latin letters and digits only.
REQUIRED = {"uppercase": re.compile("[A-Z]"), "lowercase": re.compile("[a-z]"), "digit": re.compile("[0-9]")}


def check_password(password: str) -> None:
    """Raise `WeakPassword` naming everything that the password lacks."""
    missing = [name for name, pattern in REQUIRED.items() if not pattern.search(password)]
    if len(password) < PASSWORD_LENGTH_MIN:
        missing.insert(0, "length")
    if missing:
        raise WeakPassword(
            f"A password has at least {PASSWORD_LENGTH_MIN} characters, with an upper-case letter, "
            "a lower-case letter and a digit.",
            missing=missing,
        )
