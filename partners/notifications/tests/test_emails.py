"""Sending through a real SES API: once for each key, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from email.message import EmailMessage
from typing import Any

import pytest

from notifications.emails.delivery import MessageRefused
from notifications.emails.repository import CLAIM_S, EmailRepository
from notifications.settings import NotificationsSettings
from partners.notifications.tests.sender import (
    API_KEY,
    SENDER,
    Mailbox,
    Sender,
    email_body,
    new_key,
    problem,
    serving,
)
from portico_kit.errors import Unavailable
from portico_kit.postgres import Connection
from portico_kit.telemetry import JsonFormatter

pytestmark = pytest.mark.integration
PARALLEL = 60
STATUS = "SELECT status FROM email WHERE idempotency_key = $1"
AGE = "UPDATE email SET attempted_at = now() - make_interval(secs => $2) WHERE idempotency_key = $1"


class SlowDelivery:
    """Delivery that takes its time and counts; it stands before the real one, or before none."""

    def __init__(self, delivery: Any = None, *, takes_s: float = 0.0) -> None:
        self._delivery = delivery
        self._takes_s = takes_s
        self.sent = 0

    async def deliver(self, message: EmailMessage) -> None:
        await asyncio.sleep(self._takes_s)
        self.sent += 1
        if self._delivery is not None:
            await self._delivery.deliver(message)


class FailingDelivery:
    """Delivery that fails in one way."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    async def deliver(self, message: EmailMessage) -> None:  # noqa: ARG002  it fails whatever it is
        raise self.failure


def deliver_by(sender: Sender, delivery: Any) -> None:
    sender.services.emails._delivery = delivery


@pytest.mark.parametrize(
    ("locale", "subject"),
    [("es", "Sus entradas para El último faro"), ("en", "Your tickets for The Last Lighthouse")],
)
async def test_an_email_arrives(sender: Sender, mailbox: Mailbox, locale: str, subject: str) -> None:
    body = email_body(locale=locale)
    answer = await sender.send(body)
    assert answer.status_code == 201
    assert uuid.UUID(answer.json()["id"]).version == 7
    assert answer.json()["status"] == "sent"
    (mail,) = await mailbox.of(body["to"])
    assert (mail["Source"], mail["Subject"]) == (SENDER, subject)
    for ticket in body["tickets"]:
        assert ticket["qr"] in mail["BodyText"]
        assert ticket["id"] in mail["BodyHtml"]


async def test_a_repetition_gets_the_same_answer_and_sends_nothing(sender: Sender, mailbox: Mailbox) -> None:
    body, key = email_body(), new_key()
    first, again = await sender.send(body, key), await sender.send(body, key)
    assert (again.status_code, again.content) == (201, first.content)
    assert len(await mailbox.of(body["to"])) == 1


async def test_a_key_belongs_to_one_email(sender: Sender, mailbox: Mailbox) -> None:
    body, key = email_body(), new_key()
    await sender.send(body, key)
    assert problem(await sender.send(body | {"name": "Otra"}, key)) == (422, "idempotency_key_reused")
    assert len(await mailbox.of(body["to"])) == 1


async def test_sixty_at_once_are_one_email_and_one_answer(own_sender: Sender, mailbox: Mailbox) -> None:
    deliver_by(own_sender, SlowDelivery(own_sender.services.emails._delivery, takes_s=0.1))
    body, key = email_body(), new_key()
    answers = await asyncio.gather(*(own_sender.send(body, key) for _ in range(PARALLEL)))
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert answers[0].status_code == 201
    assert len(await mailbox.of(body["to"])) == 1


class Forgetful(EmailRepository):
    """The repository with its guard off: no key is ever met again."""

    async def claim(self, connection: Connection, email_id: Any, key: str, request_hash: bytes) -> Any:
        return await super().claim(connection, email_id, f"{key}/{email_id}", request_hash)


async def test_the_control_sixty_without_the_guard_are_many_emails(own_sender: Sender) -> None:
    own_sender.services.emails._emails = Forgetful()
    delivery = SlowDelivery()
    deliver_by(own_sender, delivery)
    body, key = email_body(), new_key()
    answers = await asyncio.gather(*(own_sender.send(body, key) for _ in range(PARALLEL)))
    assert len({answer.content for answer in answers}) > 1
    assert delivery.sent > 1


async def test_a_duplicate_of_one_that_is_long_under_way_is_told_to_ask_again(own_sender: Sender) -> None:
    delivery = SlowDelivery(takes_s=1.0)
    deliver_by(own_sender, delivery)
    body, key = email_body(), new_key()
    first = asyncio.create_task(own_sender.send(body, key))
    await asyncio.sleep(0.1)
    assert await own_sender.fetch(STATUS, key) == "sending"
    duplicate = await own_sender.send(body, key)
    assert problem(duplicate) == (425, "email_in_progress")
    assert duplicate.headers["retry-after"] == "1"
    assert (await first).status_code == 201
    assert (await own_sender.send(body, key)).content == (await first).content
    assert delivery.sent == 1


async def test_whoever_died_while_sending_is_replaced(own_sender: Sender) -> None:
    """The window in which an e-mail may go out twice: whether the first one left, nobody can know."""
    body, key = email_body(), new_key()
    deliver_by(own_sender, FailingDelivery(KeyError("a defect, as good as a death")))
    assert (await own_sender.send(body, key)).status_code == 500
    delivery = SlowDelivery()
    deliver_by(own_sender, delivery)
    await own_sender.fetch(AGE, key, CLAIM_S - 5)
    assert problem(await own_sender.send(body, key)) == (425, "email_in_progress")
    await own_sender.fetch(AGE, key, CLAIM_S)
    assert (await own_sender.send(body, key)).status_code == 201
    assert (await own_sender.fetch(STATUS, key), delivery.sent) == ("sent", 1)


async def test_another_email_does_not_replace_one_whose_sender_died(own_sender: Sender) -> None:
    body, key = email_body(), new_key()
    deliver_by(own_sender, FailingDelivery(KeyError()))
    await own_sender.send(body, key)
    await own_sender.fetch(AGE, key, CLAIM_S)
    assert problem(await own_sender.send(body | {"name": "Otra"}, key)) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(Unavailable(), (503, "unavailable")), (MessageRefused(), (422, "message_refused"))],
    ids=["unavailable", "refused"],
)
async def test_after_a_failure_the_same_key_tries_again_at_once(
    own_sender: Sender, failure: Exception, expected: tuple[int, str]
) -> None:
    body, key = email_body(), new_key()
    deliver_by(own_sender, FailingDelivery(failure))
    assert problem(await own_sender.send(body, key)) == expected
    delivery = SlowDelivery()
    deliver_by(own_sender, delivery)
    assert (await own_sender.send(body, key)).status_code == 201
    assert (await own_sender.fetch(STATUS, key), delivery.sent) == ("sent", 1)


async def test_a_sender_that_is_not_verified_is_refused(settings: NotificationsSettings) -> None:
    stranger = settings.model_copy(update={"sender_email": "stranger@example.net"})
    async with serving(stranger) as sender:
        assert problem(await sender.send(email_body())) == (422, "message_refused")


async def test_without_ses_it_is_unavailable_and_nothing_is_sent(
    settings: NotificationsSettings, sender: Sender, mailbox: Mailbox
) -> None:
    body, key = email_body(), new_key()
    cut_off = settings.model_copy(update={"aws_endpoint_url": "http://127.0.0.1:1"})
    async with serving(cut_off) as alone:
        answer = await alone.send(body, key)
        assert problem(answer) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert (await alone.http.get("/health/ready")).status_code == 200  # it can still take requests
    assert await mailbox.of(body["to"]) == []
    assert (await sender.send(body, key)).status_code == 201
    assert len(await mailbox.of(body["to"])) == 1


async def answer_like_ses(status: int, code: str, writer: asyncio.StreamWriter) -> None:
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>"
    head = (
        f"HTTP/1.1 {status} -",
        "content-type: text/xml",
        f"content-length: {len(body)}",
        "connection: close",
    )
    writer.write("\r\n".join((*head, "", body)).encode())
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "MessageRejected", MessageRefused),
        (400, "InvalidParameterValue", MessageRefused),
        (400, "Throttling", Unavailable),
        (400, "AccountSendingPausedException", Unavailable),
        (403, "AccessDenied", Unavailable),
        (500, "InternalFailure", Unavailable),
    ],
)
async def test_what_errors_of_ses_mean(
    settings: NotificationsSettings, status: int, code: str, expected: type[Exception]
) -> None:
    server = await asyncio.start_server(
        lambda _reader, writer: answer_like_ses(status, code, writer), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    there = settings.model_copy(update={"aws_endpoint_url": f"http://127.0.0.1:{port}"})
    async with server, serving(there) as sender:
        with pytest.raises(expected):
            await sender.services.emails._delivery.deliver(message_to("ana@example.com"))


def message_to(address: str) -> EmailMessage:
    message = EmailMessage()
    message["To"] = address
    message.set_content("text")
    return message


async def test_neither_people_nor_tickets_are_logged_or_kept(
    own_sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    body, key = email_body(name="Filomena Ruiz"), new_key()
    with caplog.at_level(logging.INFO):
        await own_sender.send(body, key)
        await own_sender.send(body | {"locale": "en"}, key)
        await own_sender.send(body | {"to": "nobody"})
        deliver_by(own_sender, FailingDelivery(ValueError(f"a defect with {body['to']}")))
        await own_sender.send(body)
    lines = "\n".join(JsonFormatter({}).format(record) for record in caplog.records)
    row = await own_sender.fetch("SELECT to_jsonb(email)::text FROM email WHERE idempotency_key = $1", key)
    assert '"answered"' in lines  # the control: there is something to read
    assert json.loads(row)["status"] == "sent"
    secrets = (body["to"], "Filomena", "nobody", body["tickets"][0]["qr"], API_KEY)
    assert [secret for secret in secrets if secret in lines + row] == []
