"""FastAPI dependencies: the caller of an operation. They find the service's verifier in `app.state`."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from portico_kit.auth.subject import Subject
from portico_kit.auth.tokens import TokenVerifier
from portico_kit.errors import Forbidden, Unauthenticated

bearer = HTTPBearer(scheme_name="bearer", bearerFormat="JWT", auto_error=False)
internal = HTTPBearer(scheme_name="internal", auto_error=False)
Credentials = HTTPAuthorizationCredentials | None


async def current_subject(request: Request, credentials: Annotated[Credentials, Security(bearer)]) -> Subject:
    """Return the subject of the request's access token; `Unauthenticated` without a good one."""
    if credentials is None:
        raise Unauthenticated("An access token is needed.")
    verifier: TokenVerifier = request.app.state.verifier
    return await verifier.verify(credentials.credentials)


CurrentSubject = Annotated[Subject, Depends(current_subject)]


def require_groups(*groups: str) -> Callable[[Subject], Awaitable[Subject]]:
    """Return a dependency that admits members of any of these groups; `Forbidden` for others."""

    async def member(subject: CurrentSubject) -> Subject:
        if subject.groups.isdisjoint(groups):
            raise Forbidden("Your account does not have the role for this.")
        return subject

    return member


async def internal_caller(request: Request, credentials: Annotated[Credentials, Security(internal)]) -> None:
    """Admit our own parts alone, by their shared secret."""
    expected: SecretStr | None = request.app.state.shared_secret
    secret = expected.get_secret_value() if expected else ""
    given = credentials.credentials if credentials else ""
    if not secret or not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode()):
        raise Unauthenticated("This operation is internal.")


InternalCaller = Annotated[None, Depends(internal_caller)]
