"""The e-mail itself: text and HTML, with a QR code for each ticket inside (RFC 2387, RFC 2392)."""

from __future__ import annotations

import io
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import localtime
from pathlib import Path
from typing import Any
from uuid import UUID

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifications.emails.schemas import EmailRequest, MailedTicket
from notifications.emails.wording import WORDINGS, date_text, money_text

TEMPLATES = Path(__file__).parent / "templates"
SENDER_NAME = "Taquilla"
QR_SCALE = 6
QR_BORDER = 4  # modules of quiet zone (ISO/IEC 18004): a reader in dark mode shows the image on black


class MessageBuilder:
    """Turns a request into a message."""

    def __init__(self, *, sender: str, public_url: str) -> None:
        self._sender = sender
        self._domain = sender.rpartition("@")[2]
        self._public_url = public_url.rstrip("/")
        loader = FileSystemLoader(TEMPLATES)
        environment = Environment(
            loader=loader,
            autoescape=select_autoescape(default=True, disabled_extensions=("txt",)),  # all but plain text
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._html = environment.get_template("tickets.html")
        self._text = environment.get_template("tickets.txt")

    def build(self, email_id: UUID, request: EmailRequest) -> EmailMessage:
        """Return the message, with an id of its own by which a repetition can be told."""
        wording, content = WORDINGS[request.locale], self._content(request)
        message = EmailMessage(policy=SMTP if request.to.isascii() else SMTPUTF8)  # RFC 6531
        message["Subject"] = wording.subject.format(event=content["event"])
        message["From"] = Address(SENDER_NAME, addr_spec=self._sender)
        message["To"] = request.to
        message["Date"] = localtime()
        message["Message-ID"] = f"<{email_id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office machines stay silent
        message.set_content(self._text.render(content))
        message.add_alternative(self._html.render(content), subtype="html")
        html = message.get_body(("html",))
        assert html is not None  # noqa: S101  it was just added
        for ticket in request.tickets:
            html.add_related(qr_png(ticket.qr), "image", "png", cid=f"<{self._content_id(ticket)}>")
        message["Content-Language"] = request.locale  # last, or it would have moved into the first part
        return message

    def _content(self, request: EmailRequest) -> dict[str, Any]:
        """Return what the templates show, all of it in the reader's language."""
        wording, order, locale = WORDINGS[request.locale], request.order, request.locale
        return {
            "wording": wording,
            "locale": locale,
            "greeting": wording.greeting.format(name=request.name),
            "event": getattr(order.event.title, locale),
            "date": date_text(order.event.starts_at, order.event.time_zone, locale),
            "venue": f"{order.event.venue}, {order.event.city}",
            "total": money_text(order.total_cents, order.currency, locale),
            "order_id": str(order.id),
            "order_url": f"{self._public_url}/{locale}/orders/{order.id}",
            "tickets": [
                self._ticket_content(number, ticket, request)
                for number, ticket in enumerate(request.tickets, start=1)
            ],
        }

    def _ticket_content(self, number: int, ticket: MailedTicket, request: EmailRequest) -> dict[str, str]:
        wording, place = WORDINGS[request.locale], place_text(ticket, request.locale)
        return {
            "heading": wording.ticket.format(number=number, count=len(request.tickets)),
            "place": place,
            "price": money_text(ticket.price_cents, request.order.currency, request.locale),
            "cid": self._content_id(ticket),
            "alt": wording.code.format(place=place),
            "code": ticket.qr,
        }

    def _content_id(self, ticket: MailedTicket) -> str:
        """Return the id by which the HTML names a ticket's image."""
        return f"{ticket.id}@{self._domain}"


def place_text(ticket: MailedTicket, locale: str) -> str:
    """Return where a ticket's holder sits or stands."""
    wording, section = WORDINGS[locale], getattr(ticket.section, locale)
    if ticket.row is None:
        return f"{section}, {wording.standing}"
    return f"{section}, {wording.row} {ticket.row}, {wording.seat} {ticket.number}"


def qr_png(text: str) -> bytes:
    """Return a QR code as a PNG image, dark on white whatever the reader's colours."""
    buffer = io.BytesIO()
    segno.make_qr(text, error="m").save(buffer, kind="png", scale=QR_SCALE, border=QR_BORDER)
    return buffer.getvalue()
