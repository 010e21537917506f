"""Sign-up and confirmation in the user pool."""

from __future__ import annotations

from accounts.cognito.repository import CODE_REFUSALS, refusals
from accounts.fields import Locale
from accounts.problems import CodeMismatch, EmailTaken, TooManyAttempts, UserNotFound
from portico_kit.aws import AwsClients
from portico_kit.errors import InvalidRequest


class SignUpRepository:
    """What sign-up asks of Cognito."""

    def __init__(self, clients: AwsClients, *, user_pool_id: str, client_id: str) -> None:
        self._clients = clients
        self._user_pool_id = user_pool_id
        self._client_id = client_id

    async def create(self, *, email: str, password: str, name: str, locale: Locale) -> None:
        """Make an unconfirmed user, to whom Cognito mails a code; `EmailTaken` if the address has one."""
        attributes = {"email": email, "name": name, "locale": str(locale)}
        with refusals({"UsernameExistsException": EmailTaken}):
            await self._clients.cognito.sign_up(
                ClientId=self._client_id,
                Username=email,
                Password=password,
                UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
            )

    async def is_unconfirmed(self, email: str) -> bool:
        """Whether the address has an account that waits for its code."""
        try:
            with refusals({"UserNotFoundException": UserNotFound}):
                user = await self._clients.cognito.admin_get_user(
                    UserPoolId=self._user_pool_id, Username=email
                )
        except UserNotFound:
            return False
        return user.get("UserStatus") == "UNCONFIRMED"

    async def resend_code(self, email: str) -> None:
        """Mail another code. Nothing is said when Cognito will not: that would tell who has an account."""
        try:
            with refusals(
                {"CodeDeliveryFailureException": InvalidRequest, "UserNotFoundException": InvalidRequest}
            ):
                await self._clients.cognito.resend_confirmation_code(ClientId=self._client_id, Username=email)
        except (InvalidRequest, TooManyAttempts):
            return

    async def confirm(self, *, email: str, code: str) -> None:
        """Confirm the address; `CodeMismatch` for every reason not to, an unknown user included."""
        with refusals(dict.fromkeys(CODE_REFUSALS, CodeMismatch)):
            await self._clients.cognito.confirm_sign_up(
                ClientId=self._client_id, Username=email, ConfirmationCode=code
            )
