"""The fields that requests share: what is accepted, and the one form in which it is kept."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

EMAIL_LENGTH_MAX = 128  # Cognito's limit for a user name, which the address is
LOCAL_PART_LENGTH_MAX = 64  # RFC 5321, section 4.5.3.1.1
NAME_LENGTH_MAX = 100
PASSWORD_LENGTH_MAX = 256  # Cognito's limit
LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
DOMAIN_LABEL = re.compile(r"[^\W_](([^\W_]|-){0,61}[^\W_])?")
BIDI_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class Locale(StrEnum):
    """Languages that we speak."""

    SPANISH = "es"
    ENGLISH = "en"


def locale_of(text: str | None) -> Locale:
    """Return the language of an attribute such as "es" or "en-GB"; Spanish if it is none of ours."""
    return Locale.ENGLISH if (text or "").lower().startswith(Locale.ENGLISH) else Locale.SPANISH


def normalise_email(text: str) -> str:
    """Return the one form of an address, so that two spellings of it are never two accounts.

    `ValueError` if it is not an address (RFC 5321 without quoted local parts and address literals).
    """
    email = unicodedata.normalize("NFC", text.strip().lower())
    local, _, domain = email.rpartition("@")
    labels = domain.split(".")
    if len(email) > EMAIL_LENGTH_MAX or len(local) > LOCAL_PART_LENGTH_MAX:
        raise ValueError("the e-mail address is too long")
    if not LOCAL_PART.fullmatch(local) or len(labels) < 2 or not all(map(DOMAIN_LABEL.fullmatch, labels)):
        raise ValueError("not an e-mail address")
    return email


def email_digest(email: str) -> str:
    """Return what stands for an address in keys: nobody who reads the table learns who has an account."""
    return hashlib.sha256(email.encode()).hexdigest()


def normalise_name(text: str) -> str:
    """Return a person's name in NFC without surrounding space; `ValueError` if it is no name."""
    name = unicodedata.normalize("NFC", text.strip())
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise ValueError(f"a name has 1 to {NAME_LENGTH_MAX} characters")
    if any(map(_is_control, name)):
        raise ValueError("a name has no control characters")
    return name


def check_password_characters(password: SecretStr) -> SecretStr:
    """Refuse what Cognito cannot keep: surrounding space and control characters."""
    text = password.get_secret_value()
    if text != text.strip() or any(map(_is_control, text)):
        raise ValueError("a password has no surrounding space and no control characters")
    return password


def _is_control(character: str) -> bool:
    invisible = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    return invisible or unicodedata.bidirectional(character) in BIDI_CONTROLS


Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=2 * EMAIL_LENGTH_MAX),
    AfterValidator(normalise_email),
    Field(description="E-mail address; case and Unicode form do not matter.", examples=["ana@example.com"]),
]
PersonName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2 * NAME_LENGTH_MAX),
    AfterValidator(normalise_name),
    Field(description="1 to 100 characters, no control characters.", examples=["Ana García"]),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=PASSWORD_LENGTH_MAX)]
NewPassword = Annotated[
    Password,
    AfterValidator(check_password_characters),
    Field(description="At least 12 characters with an upper-case letter, a lower-case letter and a digit."),
]
Code = Annotated[
    str, StringConstraints(pattern=r"^[^\s\x00-\x1f]{1,64}$"), Field(description="From the e-mail.")
]
RefreshToken = Annotated[SecretStr, Field(min_length=1, max_length=8192)]


class RequestBody(BaseModel):
    """A request body; members that are not documented are refused rather than ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
