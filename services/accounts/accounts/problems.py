"""What accounts refuses, each with a stable code.

Problem
├── BadCode 400
│   ├── CodeMismatch          code_mismatch
│   └── CodeExpired           code_expired
├── Unauthenticated 401
│   ├── InvalidCredentials    invalid_credentials
│   └── InvalidRefreshToken   invalid_refresh_token
├── Forbidden 403
│   ├── EmailNotConfirmed     email_not_confirmed
│   ├── PasswordResetRequired password_reset_required
│   └── ChallengeRequired     challenge_required
├── NotFound 404
│   └── UserNotFound          user_not_found
├── Conflict 409
│   └── EmailTaken            never leaves the service: sign-up answers as if the address were new
├── InvalidRequest 422
│   └── WeakPassword          weak_password
└── TooManyRequests 429
    ├── TooManySignIns        too_many_signins
    └── TooManyAttempts       too_many_attempts
"""

from __future__ import annotations

from portico_kit.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    Problem,
    TooManyRequests,
    Unauthenticated,
)


class BadCode(Problem):
    """A code from an e-mail is not accepted."""

    status = 400


class CodeMismatch(BadCode):
    """Not the code that was sent, or nothing was sent to that address: the two look the same."""

    code = "code_mismatch"
    title = "Wrong code"


class CodeExpired(BadCode):
    """The code was right once."""

    code = "code_expired"
    title = "The code has expired"


class InvalidCredentials(Unauthenticated):
    """Unknown address or wrong password: the two look the same."""

    code = "invalid_credentials"
    title = "Wrong e-mail address or password"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is not ours, has expired, or its session has ended."""

    code = "invalid_refresh_token"
    title = "The session has ended"


class EmailNotConfirmed(Forbidden):
    """The password is right, and the e-mail address is not confirmed yet."""

    code = "email_not_confirmed"
    title = "Confirm your e-mail address first"


class PasswordResetRequired(Forbidden):
    """The password is right, and an administrator wants it replaced."""

    code = "password_reset_required"
    title = "Reset your password first"


class ChallengeRequired(Forbidden):
    """The password is right, and the pool asks for something that this service does not offer."""

    code = "challenge_required"
    title = "This account needs another way to sign in"


class UserNotFound(NotFound):
    """No user has that id."""

    code = "user_not_found"
    title = "No such user"


class EmailTaken(Conflict):
    """The address has an account. Nobody outside is told."""

    code = "email_taken"
    title = "The address has an account"


class WeakPassword(InvalidRequest):
    """The password does not meet the policy; the member `missing` lists what it lacks."""

    code = "weak_password"
    title = "The password is too weak"


class TooManySignIns(TooManyRequests):
    """Too many failed sign-ins from one address."""

    code = "too_many_signins"
    title = "Too many failed sign-ins"


class TooManyAttempts(TooManyRequests):
    """Too many wrong codes for one account, or too many codes asked for."""

    code = "too_many_attempts"
    title = "Too many attempts"
