"""Groups and users through the pool's administration. Every step may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.cognito.repository import refusals
from accounts.problems import EmailTaken
from accounts.settings import DemoAccount

if TYPE_CHECKING:
    from types_aiobotocore_cognito_idp.type_defs import AttributeTypeTypeDef
from portico_kit.aws import AwsClients
from portico_kit.errors import Conflict


class SeedRepository:
    """What seeding asks of Cognito."""

    def __init__(self, clients: AwsClients, *, user_pool_id: str) -> None:
        self._clients = clients
        self._user_pool_id = user_pool_id

    async def ensure_group(self, name: str) -> None:
        """Make a group if there is none of that name."""
        try:
            with refusals({"GroupExistsException": Conflict}):
                await self._clients.cognito.create_group(UserPoolId=self._user_pool_id, GroupName=name)
        except Conflict:
            return

    async def ensure_user(self, account: DemoAccount) -> None:
        """Make a confirmed user, or mend an existing one's name, language and password. Nothing is mailed."""
        attributes = {
            "email": account.email,
            "email_verified": "true",
            "name": account.name,
            "locale": str(account.locale),
        }
        pairs: list[AttributeTypeTypeDef] = [
            {"Name": key, "Value": value} for key, value in attributes.items()
        ]
        try:
            with refusals({"UsernameExistsException": EmailTaken}):
                await self._clients.cognito.admin_create_user(
                    UserPoolId=self._user_pool_id,
                    Username=account.email,
                    UserAttributes=pairs,
                    MessageAction="SUPPRESS",
                )
        except EmailTaken:
            with refusals():
                await self._clients.cognito.admin_update_user_attributes(
                    UserPoolId=self._user_pool_id, Username=account.email, UserAttributes=pairs
                )
        await self._ensure_password(account)

    async def ensure_only_group(self, email: str, group: str) -> None:
        """Put a user into one group and out of every other."""
        cognito = self._clients.cognito
        with refusals():
            await cognito.admin_add_user_to_group(
                UserPoolId=self._user_pool_id, Username=email, GroupName=group
            )
            answer = await cognito.admin_list_groups_for_user(UserPoolId=self._user_pool_id, Username=email)
            for other in answer["Groups"]:
                if other["GroupName"] != group:
                    await cognito.admin_remove_user_from_group(
                        UserPoolId=self._user_pool_id, Username=email, GroupName=other["GroupName"]
                    )

    async def _ensure_password(self, account: DemoAccount) -> None:
        """Set the password and confirm the user."""
        with refusals():
            await self._clients.cognito.admin_set_user_password(
                UserPoolId=self._user_pool_id,
                Username=account.email,
                Password=account.password.get_secret_value(),
                Permanent=True,
            )
