"""Shapes of sign-up."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from accounts.fields import Code, Email, Locale, NewPassword, PersonName, RequestBody


class SignUpRequest(RequestBody):
    """A new account."""

    email: Email
    password: NewPassword
    name: PersonName
    locale: Locale = Locale.SPANISH


class ConfirmRequest(RequestBody):
    """The code that was mailed to the address."""

    email: Email
    code: Code


class ResendRequest(RequestBody):
    """The address that waits for a code."""

    email: Email


class ConfirmationSent(BaseModel):
    """The answer to sign-up, whether or not the address was new."""

    status: Literal["confirmation_sent"] = "confirmation_sent"
