"""Users by id in the user pool."""

from __future__ import annotations

from uuid import UUID

from accounts.cognito.repository import refusals
from accounts.problems import UserNotFound
from portico_kit.aws import AwsClients


class ContactRepository:
    """What a contact asks of Cognito."""

    def __init__(self, clients: AwsClients, *, user_pool_id: str) -> None:
        self._clients = clients
        self._user_pool_id = user_pool_id

    async def attributes(self, subject_id: UUID) -> dict[str, str]:
        """Return a user's attributes; `UserNotFound` if nobody has that id."""
        with refusals({"UserNotFoundException": UserNotFound}):
            user = await self._clients.cognito.admin_get_user(
                UserPoolId=self._user_pool_id, Username=str(subject_id)
            )
        return {attribute["Name"]: attribute.get("Value", "") for attribute in user["UserAttributes"]}
