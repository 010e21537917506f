"""The e-mail itself: text and HTML, with a QR code for each ticket as an image inside (RFC 2387, RFC 2392)."""

from __future__ import annotations

import io
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifications.emails.schemas import EmailRequest, MailedTicket
from notifications.emails.wording import WORDINGS, date_text, money_text

TEMPLATES = Path(__file__).parent / "templates"
QR_SCALE = 6
QR_BORDER = 2
MESSAGE_ID_DOMAIN = "notifications.example"


class MessageBuilder:
    """Turns a request into a message."""

    def __init__(self, *, sender: str, public_url: str) -> None:
        self._sender = sender
        self._public_url = public_url.rstrip("/")
        loader = FileSystemLoader(TEMPLATES)
        escaped = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        plain = Environment(loader=loader, autoescape=False, undefined=StrictUndefined, trim_blocks=True)  # noqa: S701  text
        self._html = escaped.get_template("tickets.html")
        self._text = plain.get_template("tickets.txt")

    def build(self, email_id: UUID, request: EmailRequest) -> EmailMessage:
        """Return the message, with an id of its own by which a repetition can be told."""
        wording, content = WORDINGS[request.locale], self._content(request)
        message = EmailMessage()
        message["Subject"] = wording.subject.format(event=content["event"])
        message["From"] = f"Taquilla <{self._sender}>"
        message["To"] = request.to
        message["Message-ID"] = f"<{email_id}@{MESSAGE_ID_DOMAIN}>"
        message["Content-Language"] = request.locale
        message.set_content(self._text.render(content))
        message.add_alternative(self._html.render(content), subtype="html")
        html = message.get_payload()[1]  # type: ignore[index]  # the parts that were just added
        for ticket in request.tickets:
            html.add_related(qr_png(ticket.qr), "image", "png", cid=f"<{content_id(ticket)}>")  # type: ignore[union-attr]
        return message

    def _content(self, request: EmailRequest) -> dict[str, Any]:
        wording, event, locale = WORDINGS[request.locale], request.order.event, request.locale
        currency = request.order.currency
        return {
            "wording": wording,
            "locale": locale,
            "greeting": wording.greeting.format(name=request.name),
            "event": getattr(event.title, locale),
            "date": date_text(event.starts_at, event.time_zone, locale),
            "venue": f"{event.venue}, {event.city}",
            "total": money_text(request.order.total_cents, currency, locale),
            "order_id": str(request.order.id),
            "order_url": f"{self._public_url}/{locale}/orders/{request.order.id}",
            "tickets": [
                {
                    "place": place_text(ticket, locale),
                    "price": money_text(ticket.price_cents, currency, locale),
                    "cid": content_id(ticket),
                    "code": ticket.qr,
                }
                for ticket in request.tickets
            ],
        }


def place_text(ticket: MailedTicket, locale: str) -> str:
    """Return where a ticket's holder sits or stands."""
    wording, section = WORDINGS[locale], getattr(ticket.section, locale)
    if ticket.row is None:
        return f"{section}, {wording.standing}"
    return f"{section}, {wording.row} {ticket.row}, {wording.seat} {ticket.number}"


def content_id(ticket: MailedTicket) -> str:
    """Return the id by which the HTML names a ticket's image."""
    return f"{ticket.id}@{MESSAGE_ID_DOMAIN}"


def qr_png(text: str) -> bytes:
    """Return a QR code as a PNG image, dark on white whatever the reader's colours."""
    buffer = io.BytesIO()
    segno.make_qr(text, error="m").save(buffer, kind="png", scale=QR_SCALE, border=QR_BORDER)
    return buffer.getvalue()
