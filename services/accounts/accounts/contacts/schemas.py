"""Shape of a contact."""

from __future__ import annotations

from pydantic import BaseModel

from accounts.fields import Locale


class Contact(BaseModel):
    """How to write to a user."""

    id: str
    email: str
    name: str
    locale: Locale
