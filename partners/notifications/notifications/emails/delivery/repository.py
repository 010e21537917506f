"""Delivery through Amazon SES."""

from __future__ import annotations

from email.message import EmailMessage

from botocore.exceptions import BotoCoreError, ClientError

from portico_kit.aws import AwsClients
from portico_kit.errors import InvalidRequest, Problem, Unavailable
from portico_kit.telemetry import get_logger

log = get_logger(__name__)
REFUSALS = frozenset({"MessageRejected", "InvalidParameterValue"})


class MessageRefused(InvalidRequest):
    """SES will not take this message, however often it is asked: its recipient or its content is at fault."""

    code = "message_refused"
    title = "Message refused"


class Delivery:
    """Sends messages from one verified address."""

    def __init__(self, clients: AwsClients, *, sender: str) -> None:
        self._clients = clients
        self._sender = sender

    async def deliver(self, message: EmailMessage) -> None:
        """Hand a message over; `MessageRefused`, or `Unavailable` if SES does not take any just now."""
        try:
            await self._clients.ses.send_raw_email(
                Source=self._sender, Destinations=[message["To"]], RawMessage={"Data": message.as_bytes()}
            )
        except ClientError as error:
            raise refusal(error.response["Error"]["Code"]) from None
        except BotoCoreError as error:
            log.warning("the mail service does not answer", extra={"error": type(error).__name__})
            raise Unavailable("The mail service does not answer.") from None


def refusal(code: str) -> Problem:
    """Log the code of an error of SES, whose text may name the recipient, and return what it means."""
    log.warning("the mail service does not take a message", extra={"error": code})
    if code in REFUSALS:
        return MessageRefused("The mail service refuses this message.")
    return Unavailable("The mail service does not take messages just now.")
