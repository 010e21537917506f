"""The e-mail as its reader's program takes it apart."""

from __future__ import annotations

import io
import re
import struct
import uuid
import zlib
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
import segno

from notifications.emails.message import QR_BORDER, QR_SCALE, MessageBuilder, qr_png
from notifications.emails.schemas import EmailRequest
from partners.notifications.tests.sender import (
    PUBLIC_URL,
    SENDER,
    email_body,
    event,
    numbered_ticket,
    standing_ticket,
)

ID = uuid.UUID("019a2b3c-0000-7000-8000-00000000000b")


def built(**changes: Any) -> EmailMessage:
    """Build an e-mail, write it as bytes and read it back, as a stranger would."""
    builder = MessageBuilder(sender=SENDER, public_url=PUBLIC_URL)
    content = builder.build(ID, EmailRequest.model_validate(email_body(**changes))).as_bytes()
    return BytesParser(policy=policy.SMTP).parsebytes(content)


def text_of(message: EmailMessage) -> str:
    return content_of(message, "plain")


def html_of(message: EmailMessage) -> str:
    return content_of(message, "html")


def content_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\N{NO-BREAK SPACE}", " ").replace("\r\n", "\n")


def images_of(message: EmailMessage) -> dict[str, bytes]:
    """Return the images by their content id."""
    parts = [part for part in message.walk() if part.get_content_type() == "image/png"]
    return {part["Content-ID"].strip("<>"): part.get_content() for part in parts}


def test_its_parts_are_alternatives_and_the_html_has_its_images_with_it() -> None:
    message = built()
    assert message.get_content_type() == "multipart/alternative"
    text, related = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    html, *images = related.iter_parts()
    assert html.get_content_type() == "text/html"
    assert [image.get_content_type() for image in images] == ["image/png", "image/png"]
    assert [image["Content-Disposition"] for image in images] == ["inline", "inline"]


@pytest.mark.parametrize(
    ("locale", "subject"),
    [("es", "Sus entradas para El último faro"), ("en", "Your tickets for The Last Lighthouse")],
)
def test_its_headers(locale: str, subject: str) -> None:
    message = built(locale=locale, to="ana@example.com")
    assert message["Subject"] == subject
    assert message["From"] == f"Taquilla <{SENDER}>"
    assert message["To"] == "ana@example.com"
    assert message["Message-ID"] == f"<{ID}@example.com>"
    assert message["Content-Language"] == locale
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo is not None
    assert all(name in message for name in ("MIME-Version", "Content-Type"))


def test_the_spanish_text() -> None:
    ticket, place = numbered_ticket(), standing_ticket()
    text = text_of(built(tickets=[ticket, place]))
    assert text == (
        "Hola, Ana García:\n\n"
        "Gracias por su compra. Estas son sus entradas: enséñelas en la puerta, impresas o en el teléfono.\n"
        "\n"
        "El último faro\n"
        "Cuándo: viernes, 4 de diciembre de 2026, 20:30 h\n"
        "Dónde: Teatro de la Ría, Bilbao\n\n"
        "Entrada 1 de 2\n"
        "Platea, fila C, butaca 12 · 45,50 €\n"
        f"{ticket['qr']}\n\n"
        "Entrada 2 de 2\n"
        "Pista, de pie · 45,50 €\n"
        f"{place['qr']}\n\n"
        "Total: 91,00 €\n"
        "Pedido: 019a2b3c-0000-7000-8000-00000000000a\n"
        "Ver el pedido: https://taquilla.example/es/orders/019a2b3c-0000-7000-8000-00000000000a\n\n"
        "Cada código vale para una persona y una sola vez. No lo comparta con nadie.\n"
        "Este mensaje es automático; no hace falta que responda.\n"
    )


@pytest.mark.parametrize("of", [text_of, html_of])
@pytest.mark.parametrize(
    ("locale", "phrases"),
    [
        (
            "es",
            (
                "Hola, Ana García:",
                "El último faro",
                "viernes, 4 de diciembre de 2026, 20:30 h",
                "Teatro de la Ría, Bilbao",
                "Platea, fila C, butaca 12",
                "Pista, de pie",
                "45,50 €",
                "91,00 €",
                "https://taquilla.example/es/orders/019a2b3c-0000-7000-8000-00000000000a",
            ),
        ),
        (
            "en",
            (
                "Hello Ana García,",
                "The Last Lighthouse",
                "Friday 4 December 2026, 20:30",
                "Teatro de la Ría, Bilbao",
                "Stalls, row C, seat 12",
                "Floor, standing",
                "€45.50",
                "€91.00",
                "https://taquilla.example/en/orders/019a2b3c-0000-7000-8000-00000000000a",
            ),
        ),
    ],
)
def test_both_parts_say_everything_in_the_readers_language(
    of: Any, locale: str, phrases: tuple[str, ...]
) -> None:
    content = of(built(locale=locale))
    assert [phrase for phrase in phrases if phrase not in content] == []


def test_the_html_shows_each_image_once_and_none_that_is_not_there() -> None:
    tickets = [numbered_ticket(number=number) for number in range(1, 11)]
    message = built(tickets=tickets)
    shown = re.findall(r'src="cid:([^"]+)"', html_of(message))
    assert shown == list(images_of(message))
    assert len(set(shown)) == len(tickets)
    assert "butaca 10" in re.findall(r'alt="([^"]+)"', html_of(message))[-1]


def test_the_html_loads_nothing_from_elsewhere() -> None:
    html = html_of(built())
    assert set(re.findall(r'(?:src|href)="([a-z]+):', html)) == {"cid", "https"}
    assert re.findall(r'href="(https://[^/]+)', html) == [PUBLIC_URL]
    assert not re.search(r"url\(|@import|<script|<link", html)


def test_the_html_is_for_light_and_dark_readers_and_at_most_600_wide() -> None:
    html = html_of(built(locale="en"))
    assert '<html lang="en">' in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "max-width: 600px" in html


def test_the_qr_codes_are_those_of_the_tickets() -> None:
    tickets = [numbered_ticket(), standing_ticket()]
    images = images_of(built(tickets=tickets))
    assert list(images.values()) == [qr_png(ticket["qr"]) for ticket in tickets]
    assert len(set(images.values())) == 2


def test_a_qr_image_is_its_modules_with_a_quiet_zone() -> None:
    payload = numbered_ticket()["qr"]
    modules = [list(row) for row in segno.make_qr(payload, error="m").matrix]
    assert modules_of(qr_png(payload)) == modules


def modules_of(image: bytes) -> list[list[int]]:
    """Read a one-bit PNG image (ISO/IEC 15948) back into modules, after checking that its border is white."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    stream, data, width = io.BytesIO(image[8:]), b"", 0
    while header := stream.read(8):
        length, kind = struct.unpack(">I4s", header)
        chunk, _checksum = stream.read(length), stream.read(4)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", chunk[:10])
            assert (width, depth, colour) == (height, 1, 0)
        data += chunk if kind == b"IDAT" else b""
    lines = unfiltered(zlib.decompress(data), (width + 7) // 8)
    pixels = [[1 - (line[x // 8] >> (7 - x % 8) & 1) for x in range(width)] for line in lines]
    cells = [row[QR_SCALE // 2 :: QR_SCALE] for row in pixels[QR_SCALE // 2 :: QR_SCALE]]
    inner = slice(QR_BORDER, len(cells) - QR_BORDER)
    assert sum(map(sum, cells)) == sum(sum(row[inner]) for row in cells[inner])
    return [row[inner] for row in cells[inner]]


def unfiltered(raw: bytes, line_bytes: int) -> list[bytes]:
    """Undo PNG's filters "none" and "up", the two that segno uses."""
    lines = [bytes(line_bytes)]
    for start in range(0, len(raw), line_bytes + 1):
        kind, line = raw[start], raw[start + 1 : start + 1 + line_bytes]
        assert kind in {0, 2}
        above = lines[-1] if kind == 2 else bytes(line_bytes)
        lines.append(bytes((one + other) % 256 for one, other in zip(line, above, strict=True)))
    return lines[1:]


def test_what_people_write_stays_text() -> None:
    hostile = '<img src=x onerror=alert(1)>"&{{ 7 * 7 }}'
    message = built(name=hostile, event=event(venue=hostile, title={"es": hostile, "en": hostile}))
    html = html_of(message)
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;&#34;&amp;{{ 7 * 7 }}" in html
    assert hostile in text_of(message)
    assert message["Subject"] == f"Sus entradas para {hostile}"


def test_braces_in_a_name_are_not_placeholders() -> None:
    assert "Hola, {event.__class__}:" in text_of(built(name="{event.__class__}"))


def test_long_subjects_and_other_scripts_survive() -> None:
    title = " ".join(["Ελληνική Τραγωδία · 東京 · 🎭"] * 6)
    message = built(locale="en", event=event(title={"es": "x", "en": title}))
    assert message["Subject"] == f"Your tickets for {title}"
    assert title in text_of(message)


def test_every_line_is_short_enough_for_smtp() -> None:
    builder = MessageBuilder(sender=SENDER, public_url=PUBLIC_URL)
    body = email_body(name="n" * 200, tickets=[numbered_ticket(qr="q" * 200) for _ in range(10)])
    content = builder.build(ID, EmailRequest.model_validate(body)).as_bytes()
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998  # RFC 5322, section 2.1.1
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert len(content) < 200_000
