"""The secrets of one local system: made once, kept in its state folder, readable by its owner alone."""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict, dataclass, fields
from typing import Any

from portico_runtime.state import StateFolder
from portico_topology import System

DEMO_NAMES = {
    "buyer": ("Lucía Prieto", "es"),
    "organiser": ("Tomás Arrieta", "es"),
    "staff": ("Nora Whitfield", "en"),
    "administrator": ("Iris Calder", "en"),
}
ALPHABET = "abcdefghjkmnpqrstuvwxyz"  # without what is mistaken for something else
DEMO_DOMAIN = "taquilla.example"


@dataclass(frozen=True)
class DemoAccount:
    """An account to try the system with."""

    role: str
    email: str
    password: str
    name: str
    locale: str


@dataclass(frozen=True)
class SystemSecrets:
    """Every secret; printing one shows none of them."""

    database_password: str
    partners_database_password: str
    boxoffice_password: str
    payments_password: str
    notifications_password: str
    internal_token: str
    partner_api_key: str
    ticket_signing_key: str
    control_token: str
    accounts: tuple[DemoAccount, ...]

    def __repr__(self) -> str:
        return "SystemSecrets(…)"


def load_secrets(state: StateFolder, system: System) -> SystemSecrets:
    """Return the folder's secrets, making them if it has none."""
    stored = state.read("secrets")
    if stored is None:
        if (state.path / "postgres").exists():
            raise state.corrupt("secrets.json", "it is missing, and the data are locked with what was in it")
        made = make_secrets(system)
        state.write("secrets", asdict(made))
        return made
    try:
        return from_stored(stored)
    except (KeyError, TypeError) as error:
        raise state.corrupt("secrets.json", f"{error} is missing or of the wrong kind") from None


def from_stored(stored: dict[str, Any]) -> SystemSecrets:
    """Return secrets as they were written."""
    accounts = tuple(DemoAccount(**account) for account in stored["accounts"])
    names = [field.name for field in fields(SystemSecrets) if field.name != "accounts"]
    texts = [stored[name] for name in names] + [text for one in accounts for text in asdict(one).values()]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a secret")
    return SystemSecrets(**{name: stored[name] for name in names}, accounts=accounts)


def make_secrets(system: System) -> SystemSecrets:
    """Make every secret anew."""
    tokens = {name: secrets.token_urlsafe(32) for name in names_of_tokens()}
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    accounts = tuple(demo_account(role) for role in system.groups)
    return SystemSecrets(**tokens, ticket_signing_key=key, accounts=accounts)


def names_of_tokens() -> list[str]:
    """Return the names of the secrets that are random text."""
    return [
        field.name for field in fields(SystemSecrets) if field.name not in {"ticket_signing_key", "accounts"}
    ]


def demo_account(role: str) -> DemoAccount:
    """Make an account with a password that can be typed: three groups of letters, a capital, a digit."""
    groups = ["".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(3)]
    password = "-".join(groups).capitalize() + str(secrets.randbelow(10))
    name, locale = DEMO_NAMES[role]
    return DemoAccount(role, f"{role}@{DEMO_DOMAIN}", password, name, locale)
