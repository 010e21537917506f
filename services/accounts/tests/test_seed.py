"""Demo accounts: made once, mended when they differ."""

from __future__ import annotations

import uuid
from typing import get_args

import httpx
import jwt
import pytest

from accounts.seed.service import seed
from accounts.settings import AccountsSettings, Group, SeedSettings
from portico_kit.aws import AwsClients
from portico_topology import SYSTEM
from services.accounts.tests.visitor import OTHER_PASSWORD, PASSWORD, Visitor

pytestmark = pytest.mark.integration
SERVING_ONLY = {
    "address_header",
    "failed_signins_max",
    "failed_signins_window_s",
    "identity_table",
    "internal_token",
    "token_client_id",
    "token_issuer",
    "token_jwks_url",
}


@pytest.fixture
def demo(settings: AccountsSettings) -> SeedSettings:
    """One account a role, with addresses that no other test uses."""
    run = uuid.uuid4().hex[:8]
    accounts = [
        {
            "role": role,
            "email": f"{role}-{run}@example.com",
            "password": PASSWORD,
            "name": f"Demo {role}",
            "locale": "en",
        }
        for role in get_args(Group)
    ]
    shared = settings.model_dump(exclude=SERVING_ONLY)
    return SeedSettings(**shared, demo_accounts=accounts)


async def groups_of(visitor: Visitor) -> list[str]:
    answer = await visitor.sign_in()
    assert answer.status_code == 200, answer.text
    claims = jwt.decode(visitor.tokens["access_token"], options={"verify_signature": False})
    return list(claims["cognito:groups"])


def test_the_groups_are_those_of_the_topology() -> None:
    assert get_args(Group) == SYSTEM.groups


async def test_seeding_twice_is_seeding_once(
    demo: SeedSettings, http: httpx.AsyncClient, aws: AwsClients
) -> None:
    await seed(demo)
    before = await users(aws, demo)
    await seed(demo)
    assert await users(aws, demo) == before
    for account in demo.demo_accounts:
        visitor = Visitor(http, email=account.email)
        assert await groups_of(visitor) == [account.role]
        profile = (await visitor.me()).json()
        assert (profile["name"], profile["locale"]) == (account.name, "en")


async def test_seeding_mends_password_and_groups(
    demo: SeedSettings, http: httpx.AsyncClient, aws: AwsClients
) -> None:
    await seed(demo)
    buyer = next(account for account in demo.demo_accounts if account.role == "buyer")
    who = {"UserPoolId": demo.user_pool_id, "Username": buyer.email}
    await aws.cognito.admin_set_user_password(**who, Password=OTHER_PASSWORD, Permanent=False)
    await aws.cognito.admin_remove_user_from_group(**who, GroupName="buyer")
    await aws.cognito.admin_add_user_to_group(**who, GroupName="administrator")
    await seed(demo)
    assert await groups_of(Visitor(http, email=buyer.email)) == ["buyer"]


async def users(aws: AwsClients, demo: SeedSettings) -> dict[str, list[dict[str, str]]]:
    """The demo users' attributes by their ids."""
    emails = {account.email for account in demo.demo_accounts}
    found: dict[str, list[dict[str, str]]] = {}
    for email in emails:
        query = f'email = "{email}"'
        answer = await aws.cognito.list_users(UserPoolId=demo.user_pool_id, Filter=query)
        for user in answer["Users"]:
            found[user["Username"]] = sorted(user["Attributes"], key=lambda each: each["Name"])
    return found
