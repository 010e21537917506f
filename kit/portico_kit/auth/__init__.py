"""Access tokens: who is calling, checked in every service and not only at the gateway."""

from __future__ import annotations

from portico_kit.auth.dependencies import CurrentSubject, InternalCaller, require_groups
from portico_kit.auth.keys import KeySet
from portico_kit.auth.revocations import RevocationFeed, revocation_item
from portico_kit.auth.subject import Subject
from portico_kit.auth.tokens import TokenVerifier

__all__ = [
    "CurrentSubject",
    "InternalCaller",
    "KeySet",
    "RevocationFeed",
    "Subject",
    "TokenVerifier",
    "require_groups",
    "revocation_item",
]
