from __future__ import annotations

import base64
import re

import pytest

from portico_runtime.problems import OperatorError
from portico_runtime.secret_store import load_secrets
from portico_runtime.state import StateFolder
from portico_topology import SYSTEM


def test_secrets_are_made_once(state: StateFolder) -> None:
    made = load_secrets(state, SYSTEM)
    assert load_secrets(state, SYSTEM) == made
    assert state.file("secrets").stat().st_mode & 0o777 == 0o600


def test_there_is_a_demo_account_a_group_with_a_password_that_the_pool_accepts(state: StateFolder) -> None:
    accounts = load_secrets(state, SYSTEM).accounts
    assert tuple(account.role for account in accounts) == SYSTEM.groups
    for account in accounts:
        assert len(account.password) >= 12
        assert all(re.search(kind, account.password) for kind in ("[A-Z]", "[a-z]", "[0-9]"))
    assert len({account.password for account in accounts}) == len(accounts)


def test_the_ticket_key_is_an_ed25519_seed(state: StateFolder) -> None:
    key = load_secrets(state, SYSTEM).ticket_signing_key
    assert len(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) == 32


def test_printing_shows_no_secret(state: StateFolder) -> None:
    secrets = load_secrets(state, SYSTEM)
    assert secrets.internal_token not in repr(secrets)


@pytest.mark.parametrize("damage", [{}, {"accounts": [{}]}, {"accounts": 1}])
def test_damage_is_named(state: StateFolder, damage: dict[str, object]) -> None:
    load_secrets(state, SYSTEM)
    whole = state.read("secrets") or {}
    state.write("secrets", {**whole, **damage} if damage else {})
    with pytest.raises(OperatorError, match=r"secrets\.json"):
        load_secrets(state, SYSTEM)


def test_lost_secrets_are_not_replaced_over_data_that_need_the_old_ones(state: StateFolder) -> None:
    load_secrets(state, SYSTEM)
    state.file("secrets").unlink()
    (state.path / "postgres").mkdir()
    with pytest.raises(OperatorError, match=r"secrets\.json \(it is missing"):
        load_secrets(state, SYSTEM)
    (state.path / "postgres").rmdir()
    load_secrets(state, SYSTEM)  # the control: without data, new ones are made
