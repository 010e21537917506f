"""Contacts over HTTP, for our own services."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from accounts.caching import NEVER_STORED
from accounts.contacts.repository import ContactRepository
from accounts.contacts.schemas import Contact
from accounts.fields import locale_of
from portico_kit.auth import InternalCaller


def router(contacts: ContactRepository) -> APIRouter:
    """Return the internal operation that tells how to reach a user."""
    routes = APIRouter(prefix="/internal", tags=["internal"], dependencies=[NEVER_STORED])

    @routes.get("/users/{subject_id}", operation_id="getContact")
    async def contact(subject_id: UUID, _caller: InternalCaller) -> Contact:
        """How to write to a user."""
        attributes = await contacts.attributes(subject_id)
        return Contact(
            id=str(subject_id),
            email=attributes.get("email", ""),
            name=attributes.get("name", ""),
            locale=locale_of(attributes.get("locale")),
        )

    return routes
