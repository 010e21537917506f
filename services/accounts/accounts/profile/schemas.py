"""Shapes of a profile."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

from accounts.fields import Locale, PersonName, RequestBody


class Profile(BaseModel):
    """What a user sees of themselves. The groups are those of the access token."""

    id: str
    email: str
    name: str
    locale: Locale
    groups: list[str]


class ProfileChange(RequestBody):
    """What to change: at least one member."""

    name: PersonName = Field(default="")
    locale: Locale = Field(default=Locale.SPANISH)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a name, a locale, or both")
        return self
