"""Delivery through Amazon SES."""

from __future__ import annotations

from email.message import EmailMessage

from botocore.exceptions import BotoCoreError, ClientError
from portico_kit.aws import AwsClients
from portico_kit.errors import Unavailable
from portico_kit.telemetry import get_logger

log = get_logger(__name__)


class Delivery:
    """Sends messages from one verified address."""

    def __init__(self, clients: AwsClients, *, sender: str) -> None:
        self._clients = clients
        self._sender = sender

    async def deliver(self, message: EmailMessage) -> None:
        """Hand a message over; `Unavailable` if SES does not take it."""
        try:
            await self._clients.ses.send_raw_email(
                Source=self._sender, Destinations=[message["To"]], RawMessage={"Data": message.as_bytes()}
            )
        except ClientError as error:
            log.warning("the mail service refuses a message", extra={"error": error.response["Error"]["Code"]})
            raise Unavailable("The mail service does not take the message.") from None
        except BotoCoreError:
            raise Unavailable("The mail service does not answer.") from None
