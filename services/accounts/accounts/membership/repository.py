"""A confirmed user in the pool: the address marked as verified, a place in the group `buyer`."""

from __future__ import annotations

from accounts.cognito.repository import refusals
from portico_kit.aws import AwsClients

NEWCOMERS_GROUP = "buyer"


class MembershipRepository:
    """Completes what confirmation began. Every step may be repeated."""

    def __init__(self, clients: AwsClients, *, user_pool_id: str) -> None:
        self._clients = clients
        self._user_pool_id = user_pool_id

    async def welcome(self, username: str) -> None:
        """Mark the address as verified and make the user a buyer.

        Cognito verifies the address itself at confirmation, the emulator does not; a password reset needs it.
        """
        cognito = self._clients.cognito
        with refusals():
            await cognito.admin_update_user_attributes(
                UserPoolId=self._user_pool_id,
                Username=username,
                UserAttributes=[{"Name": "email_verified", "Value": "true"}],
            )
            await cognito.admin_add_user_to_group(
                UserPoolId=self._user_pool_id, Username=username, GroupName=NEWCOMERS_GROUP
            )
