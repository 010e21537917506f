"""Shapes of a password reset."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from accounts.fields import Code, Email, NewPassword, RequestBody


class ForgotPasswordRequest(RequestBody):
    """Whose password is forgotten."""

    email: Email


class ResetPasswordRequest(RequestBody):
    """The code that was mailed, and the new password."""

    email: Email
    code: Code
    password: NewPassword


class ResetSent(BaseModel):
    """The answer, whether or not the address has an account."""

    status: Literal["reset_sent"] = "reset_sent"
