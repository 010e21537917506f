"""The accounts service, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from accounts.attempts.repository import AttemptRepository
from accounts.attempts.service import AttemptLimit, AttemptPolicy
from accounts.codes.repository import CodeRepository
from accounts.codes.service import MailedCodes
from accounts.contacts.repository import ContactRepository
from accounts.contacts.routes import router as contacts_router
from accounts.membership.repository import MembershipRepository
from accounts.passwords.repository import PasswordRepository
from accounts.passwords.routes import router as passwords_router
from accounts.passwords.service import Passwords
from accounts.problems import InvalidCredentials, TooManySignIns
from accounts.profile.repository import ProfileRepository
from accounts.profile.routes import router as profile_router
from accounts.profile.service import Profiles
from accounts.revocations.repository import RevocationRepository
from accounts.sessions.repository import SessionRepository
from accounts.sessions.routes import router as sessions_router
from accounts.sessions.service import Sessions
from accounts.settings import AccountsSettings
from accounts.signup.repository import SignUpRepository
from accounts.signup.routes import router as signup_router
from accounts.signup.service import SignUp
from accounts.unconfirmed.repository import UnconfirmedRepository
from accounts.unconfirmed.service import UnconfirmedPasswords
from portico_kit.auth import RevocationFeed, TokenVerifier
from portico_kit.aws import AwsClients
from portico_kit.service import create_service

# How long Cognito's codes are valid (Developer Guide, "Quotas in Amazon Cognito": validity of codes).
CONFIRMATION_LIFETIME_S = 86_400
RESET_LIFETIME_S = 3_600


def create_app(settings: AccountsSettings) -> FastAPI:
    """Compose the service. Nothing is opened before the application starts."""
    clients = AwsClients(settings)
    feed = RevocationFeed(clients, table=settings.identity_table)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with clients, feed:
            yield

    return create_service(
        settings,
        title="Portico accounts",
        routers=routers(settings, clients),
        lifespan=lifespan,
        # Cognito is left out: were it away, leaving the balancer everywhere at once would help nobody.
        ready_checks=[RevocationRepository(clients, table=settings.identity_table).is_reachable],
        verifier=TokenVerifier(settings, feed),
    )


def routers(settings: AccountsSettings, clients: AwsClients) -> list[APIRouter]:
    """Wire every capability to its stores."""
    pool = {"user_pool_id": settings.user_pool_id}
    client = {"client_id": settings.token_client_id}
    table = {"table": settings.identity_table}
    attempts = AttemptRepository(clients, **table)
    codes = CodeRepository(clients, **table)
    membership = MembershipRepository(clients, **pool)
    revocations = RevocationRepository(clients, **table)
    unconfirmed = UnconfirmedPasswords(UnconfirmedRepository(clients, **table))
    signup = SignUp(
        SignUpRepository(clients, **pool, **client),
        membership=membership,
        unconfirmed=unconfirmed,
        codes=MailedCodes(codes, attempts, purpose="confirm", lifetime_s=CONFIRMATION_LIFETIME_S),
    )
    sessions = Sessions(
        SessionRepository(clients, **client),
        revocations=revocations,
        membership=membership,
        unconfirmed=unconfirmed,
        sign_ins=AttemptLimit(attempts, failed_sign_ins(settings)),
    )
    passwords = Passwords(
        PasswordRepository(clients, **pool, **client),
        revocations=revocations,
        codes=MailedCodes(codes, attempts, purpose="reset", lifetime_s=RESET_LIFETIME_S),
    )
    return [
        signup_router(signup),
        sessions_router(sessions, address_header=settings.address_header),
        passwords_router(passwords),
        profile_router(Profiles(ProfileRepository(clients))),
        contacts_router(ContactRepository(clients, **pool)),
    ]


def failed_sign_ins(settings: AccountsSettings) -> AttemptPolicy:
    """How many sign-ins of one address may fail. A limit for one user would be another policy beside it."""
    return AttemptPolicy(
        name="signin",
        failures_max=settings.failed_signins_max,
        window_s=settings.failed_signins_window_s,
        failure=InvalidCredentials,
        refusal=TooManySignIns,
    )
