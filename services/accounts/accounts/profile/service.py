"""Rules of a profile."""

from __future__ import annotations

from accounts.fields import locale_of
from accounts.profile.repository import ProfileRepository
from accounts.profile.schemas import Profile, ProfileChange
from portico_kit.auth import Subject


class Profiles:
    """Shows and changes what a user is called and spoken to in."""

    def __init__(self, repository: ProfileRepository) -> None:
        self._repository = repository

    async def read(self, subject: Subject) -> Profile:
        """Return the profile of the token's user."""
        attributes = await self._repository.attributes(subject.token)
        return Profile(
            id=subject.id,
            email=attributes.get("email", ""),
            name=attributes.get("name", ""),
            locale=locale_of(attributes.get("locale")),
            groups=sorted(subject.groups),
        )

    async def change(self, subject: Subject, change: ProfileChange) -> Profile:
        """Change what is given and return the whole."""
        await self._repository.update(subject.token, change)
        return await self.read(subject)
