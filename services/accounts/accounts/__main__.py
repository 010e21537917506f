"""Run the service, or one of its jobs: `python -m accounts [seed|openapi]`."""

from __future__ import annotations

import asyncio
import sys

import orjson

from accounts.app import create_app
from accounts.seed.service import seed
from accounts.settings import AccountsSettings, SeedSettings
from portico_kit.server import run
from portico_kit.telemetry import configure_logging

USAGE = "usage: python -m accounts [seed|openapi]"
DOCUMENTED = {
    "service_name": "accounts",
    "instance": "openapi",
    "token_issuer": "https://issuer.invalid",
    "token_jwks_url": "https://issuer.invalid/keys",
    "token_client_id": "-",
    "internal_token": "-",
    "user_pool_id": "-",
    "identity_table": "-",
    "failed_signins_max": 1,
    "failed_signins_window_s": 1,
}


def main(arguments: list[str]) -> int:
    """Do what the command line says; configuration comes from the environment alone."""
    match arguments:
        case []:
            run(create_app, AccountsSettings.model_validate({}))
        case ["seed"]:
            settings = SeedSettings.model_validate({})
            configure_logging(settings)
            asyncio.run(seed(settings))
        case ["openapi"]:
            sys.stdout.buffer.write(openapi_document())
        case _:
            sys.stderr.write(f"{USAGE}\n")
            return 2
    return 0


def openapi_document() -> bytes:
    """Return the OpenAPI document as it is committed. No setting shows in it, so none is needed."""
    document = create_app(AccountsSettings.model_validate(DOCUMENTED)).openapi()
    return orjson.dumps(
        document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
