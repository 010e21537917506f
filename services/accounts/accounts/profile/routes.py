"""A user's own profile over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from accounts.caching import NEVER_STORED
from accounts.profile.schemas import Profile, ProfileChange
from accounts.profile.service import Profiles
from portico_kit.auth import CurrentSubject


def router(profiles: Profiles) -> APIRouter:
    """Return the operations of the profile."""
    routes = APIRouter(prefix="/api/accounts", tags=["profile"], dependencies=[NEVER_STORED])

    @routes.get("/me", operation_id="getProfile")
    async def read(subject: CurrentSubject) -> Profile:
        """Who the token says you are."""
        return await profiles.read(subject)

    @routes.patch("/me", operation_id="updateProfile")
    async def change(body: ProfileChange, subject: CurrentSubject) -> Profile:
        """Change your name or language."""
        return await profiles.change(subject, body)

    return routes
