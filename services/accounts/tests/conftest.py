"""A user pool and an identity table in the emulator, the service before them, and visitors."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest

from accounts.app import create_app
from accounts.seed.service import seed
from accounts.settings import AccountsSettings, SeedSettings
from portico_kit.aws import AwsClients
from services.accounts.tests.visitor import INTERNAL_TOKEN, Mails, NewVisitor, Visitor
from tests.fixtures.emulator import Emulator


@pytest.fixture(scope="session")
async def settings(emulator: Emulator) -> AccountsSettings:
    """Settings of a service whose pool and table have just been made."""
    environment = {
        "service_name": "accounts",
        "instance": "accounts-a1",
        "zone": "a",
        "host": "127.0.0.1",
        "port": 0,
        "aws_endpoint_url": emulator.url,
        "aws_region": emulator.region,
        "token_issuer": "https://unset.example",
        "token_jwks_url": "https://unset.example",
        "token_client_id": "unset",
        "internal_token": INTERNAL_TOKEN,
        "user_pool_id": "unset",
        "identity_table": f"identity-{uuid.uuid4().hex[:8]}",
        "failed_signins_max": 30,
        "failed_signins_window_s": 60,
    }
    async with AwsClients(AccountsSettings(**environment)) as clients:
        await make_table(clients, environment["identity_table"])
        pool_id, client_id = await make_pool(clients)
    made = {
        "user_pool_id": pool_id,
        "token_client_id": client_id,
        "token_issuer": f"https://cognito-idp.{emulator.region}.amazonaws.com/{pool_id}",
        "token_jwks_url": f"{emulator.url}/{pool_id}/.well-known/jwks.json",
    }
    settings = AccountsSettings(**environment | made)
    await seed(SeedSettings(**environment | made, demo_accounts=[]))
    return settings


async def make_table(clients: AwsClients, name: str) -> None:
    """Make the identity table as the topology describes it."""
    await clients.dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


async def make_pool(clients: AwsClients) -> tuple[str, str]:
    """Make a pool and its client with the settings that the infrastructure gives them."""
    policy = {
        "MinimumLength": 12,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": False,
    }
    pool = await clients.cognito.create_user_pool(
        PoolName="accounts-tests",
        Policies={"PasswordPolicy": policy},
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=["email"],
    )
    pool_id = pool["UserPool"]["Id"]
    client = await clients.cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="web",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        EnableTokenRevocation=True,
        AccessTokenValidity=30,
        TokenValidityUnits={"AccessToken": "minutes"},
    )
    return pool_id, client["UserPoolClient"]["ClientId"]


@pytest.fixture(scope="session")
async def http(settings: AccountsSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://accounts") as client,
    ):
        yield client


@pytest.fixture
def visitor(http: httpx.AsyncClient) -> Visitor:
    """Somebody new."""
    return Visitor(http)


@pytest.fixture
def new_visitor(http: httpx.AsyncClient) -> NewVisitor:
    """Make somebody else."""
    return lambda: Visitor(http)


@pytest.fixture
async def buyer(http: httpx.AsyncClient) -> Visitor:
    """Somebody else, who has signed up, confirmed and signed in."""
    return await Visitor(http).registered()


@pytest.fixture(scope="session")
async def aws(settings: AccountsSettings) -> AsyncIterator[AwsClients]:
    """Clients of the pool and the table themselves, past the service."""
    async with AwsClients(settings) as clients:
        yield clients


@pytest.fixture(scope="session")
def mails(emulator: Emulator) -> Mails:
    """Read the subjects of everything that was mailed to an address."""

    async def read(email: str) -> list[str]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{emulator.url}/_ministack/ses/messages")
        sent = [mail for mails in answer.json()["messages"].values() for mail in mails]
        return [mail["Subject"] for mail in sent if email in mail["To"]]

    return read
