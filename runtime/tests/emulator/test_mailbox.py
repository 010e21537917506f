"""A message with a picture arrives whole in the emulator's mailbox, over HTTP as in a running system."""

from __future__ import annotations

import base64
import email
import email.policy
from email.message import EmailMessage

import httpx

from portico_runtime.emulator.provision import Account
from tests.fixtures.emulator import SENDER, Emulator

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, "ada@example.com", "Tus entradas: Ópera"
    message.set_content("Tu entrada: TQ1.a.b")
    message.add_alternative('<img src="cid:ticket-1" alt="TQ1.a.b">', subtype="html")
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(PICTURE, "image", "png", cid="<ticket-1>")
    return message


async def test_a_message_arrives_whole(emulator: Emulator) -> None:
    sender = Account(emulator.url, emulator.credentials).client("ses")
    sender.verify_email_identity(EmailAddress=SENDER)
    sent = sender.send_raw_email(
        Source=SENDER, Destinations=["ada@example.com"], RawMessage={"Data": letter().as_bytes()}
    )
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{emulator.url}/_ministack/ses/messages")
    shown = [message for messages in answer.json()["messages"].values() for message in messages]
    (record,) = (message for message in shown if message["MessageId"] == sent["MessageId"])
    whole = email.message_from_bytes(base64.b64decode(record["RawMessage"]), policy=email.policy.default)
    assert whole["Subject"] == "Tus entradas: Ópera"
    (picture,) = (part for part in whole.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<ticket-1>"
    assert picture.get_content() == PICTURE
