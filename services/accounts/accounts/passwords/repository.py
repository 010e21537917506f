"""Password resets in the user pool."""

from __future__ import annotations

from accounts.cognito.repository import CODE_REFUSALS, refusals
from accounts.problems import CodeMismatch, TooManyAttempts
from portico_kit.aws import AwsClients
from portico_kit.errors import InvalidRequest


class PasswordRepository:
    """What a reset asks of Cognito."""

    def __init__(self, clients: AwsClients, *, user_pool_id: str, client_id: str) -> None:
        self._clients = clients
        self._user_pool_id = user_pool_id
        self._client_id = client_id

    async def send_code(self, email: str) -> None:
        """Mail a reset code. Nothing is said when Cognito will not: that would tell who has an account."""
        names = (
            "UserNotFoundException",
            "NotAuthorizedException",
            "InvalidParameterException",
            "CodeDeliveryFailureException",
        )
        try:
            with refusals(dict.fromkeys(names, InvalidRequest)):
                await self._clients.cognito.forgot_password(ClientId=self._client_id, Username=email)
        except (InvalidRequest, TooManyAttempts):
            return

    async def replace(self, *, email: str, code: str, password: str) -> None:
        """Set a new password; `CodeMismatch` for every reason not to, an unknown user included."""
        with refusals(dict.fromkeys(CODE_REFUSALS, CodeMismatch)):
            await self._clients.cognito.confirm_forgot_password(
                ClientId=self._client_id, Username=email, ConfirmationCode=code, Password=password
            )

    async def sign_out_everywhere(self, email: str) -> str:
        """Revoke every refresh token of a user and return the user's id."""
        cognito = self._clients.cognito
        with refusals():
            await cognito.admin_user_global_sign_out(UserPoolId=self._user_pool_id, Username=email)
            user = await cognito.admin_get_user(UserPoolId=self._user_pool_id, Username=email)
        attributes = {attribute["Name"]: attribute.get("Value", "") for attribute in user["UserAttributes"]}
        return attributes["sub"]
