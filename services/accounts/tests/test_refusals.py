"""An error of Cognito is an answer with a code, and never a 500."""

from __future__ import annotations

import logging

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from accounts.cognito.repository import refusals
from accounts.problems import InvalidCredentials, TooManyAttempts, WeakPassword
from portico_kit.errors import InvalidRequest, Problem, Unavailable

ADDRESS = "http://127.0.0.1:1"
SECRET = "ana@example.com"


def refuse(name: str) -> None:
    """Let Cognito answer with the error of that name."""
    response = {"Error": {"Code": name, "Message": f"{SECRET} did something"}}
    with refusals({"NotAuthorizedException": InvalidCredentials}):
        raise ClientError(response, "InitiateAuth")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("NotAuthorizedException", InvalidCredentials),
        ("TooManyRequestsException", Unavailable),
        ("ThrottlingException", Unavailable),
        ("InternalErrorException", Unavailable),
        ("ServiceUnavailable", Unavailable),
        ("ResourceNotFoundException", Unavailable),
        ("AccessDeniedException", Unavailable),
        ("SomethingNew", Unavailable),
        ("", Unavailable),
        ("LimitExceededException", TooManyAttempts),
        ("TooManyFailedAttemptsException", TooManyAttempts),
        ("InvalidPasswordException", WeakPassword),
        ("InvalidParameterException", InvalidRequest),
    ],
)
def test_every_error_has_an_answer(name: str, problem: type[Problem]) -> None:
    with pytest.raises(problem) as raised:
        refuse(name)
    assert raised.value.status < 500 or raised.value.status == 503
    assert ("Retry-After" in raised.value.headers) == (raised.value.status in {429, 503})


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url=ADDRESS),
        ConnectTimeoutError(endpoint_url=ADDRESS),
        ReadTimeoutError(endpoint_url=ADDRESS),
    ],
)
def test_a_pool_that_cannot_be_reached_is_an_outage(error: Exception) -> None:
    with pytest.raises(Unavailable), refusals():
        raise error


@pytest.mark.parametrize("name", ["SomethingNew", "TooManyRequestsException", "NotAuthorizedException"])
def test_what_cognito_says_of_a_user_is_neither_logged_nor_answered(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Problem) as raised:
        refuse(name)
    assert SECRET not in caplog.text
    assert SECRET not in f"{raised.value!r} {raised.value.detail} {raised.value.members}"
