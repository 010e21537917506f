"""A user's attributes, read and changed with the user's own access token.

Cognito refuses the token of an ended session at once, so these calls are also the fastest check there is.
"""

from __future__ import annotations

from accounts.cognito.repository import refusals
from accounts.profile.schemas import ProfileChange
from portico_kit.aws import AwsClients
from portico_kit.errors import Unauthenticated

REFUSALS = {
    "NotAuthorizedException": Unauthenticated,
    "UserNotFoundException": Unauthenticated,
    "PasswordResetRequiredException": Unauthenticated,
    "UserNotConfirmedException": Unauthenticated,
}


class ProfileRepository:
    """What a profile asks of Cognito."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    async def attributes(self, access_token: str) -> dict[str, str]:
        """Return the attributes of the token's user; `Unauthenticated` if Cognito does not take the token."""
        with refusals(REFUSALS):
            user = await self._clients.cognito.get_user(AccessToken=access_token)
        return {attribute["Name"]: attribute.get("Value", "") for attribute in user["UserAttributes"]}

    async def update(self, access_token: str, change: ProfileChange) -> None:
        """Set the attributes that `change` gives."""
        attributes = change.model_dump(exclude_unset=True, mode="json")
        with refusals(REFUSALS):
            await self._clients.cognito.update_user_attributes(
                AccessToken=access_token,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            )
