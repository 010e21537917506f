"""The committed OpenAPI document is the one that the service has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accounts.__main__ import main, openapi_document

COMMITTED = Path(__file__).parents[1] / "openapi.json"
OPERATIONS = {
    "signUp": None,
    "confirmSignUp": None,
    "resendConfirmation": None,
    "login": None,
    "refreshSession": None,
    "logout": "bearer",
    "forgotPassword": None,
    "resetPassword": None,
    "getProfile": "bearer",
    "updateProfile": "bearer",
    "getContact": "internal",
}


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_bytes() == openapi_document(), "run: python -m accounts openapi > openapi.json"


def test_operations_need_the_tokens_that_they_should() -> None:
    paths = json.loads(openapi_document())["paths"].values()
    operations = [operation for item in paths for operation in item.values()]
    security = {
        operation["operationId"]: next(iter(operation["security"][0])) if "security" in operation else None
        for operation in operations
    }
    assert security == OPERATIONS


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 2
    assert "usage" in capsys.readouterr().err
