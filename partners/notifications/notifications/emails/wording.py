"""What the e-mails say, in both languages, and how dates and money are written there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The phrases of one language."""

    subject: str
    greeting: str
    intro: str
    when: str
    where: str
    ticket: str
    row: str
    seat: str
    standing: str
    code: str
    total: str
    order: str
    follow: str
    once: str
    automatic: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]


SPANISH = Wording(
    subject="Sus entradas para {event}",
    greeting="Hola, {name}:",
    intro="Gracias por su compra. Estas son sus entradas: enséñelas en la puerta, impresas o en el teléfono.",
    when="Cuándo",
    where="Dónde",
    ticket="Entrada {number} de {count}",
    row="fila",
    seat="butaca",
    standing="de pie",
    code="Código QR de la entrada: {place}",
    total="Total",
    order="Pedido",
    follow="Ver el pedido",
    once="Cada código vale para una persona y una sola vez. No lo comparta con nadie.",
    automatic="Este mensaje es automático; no hace falta que responda.",
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=(
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
)  # fmt: skip
ENGLISH = Wording(
    subject="Your tickets for {event}",
    greeting="Hello {name},",
    intro="Thank you for your purchase. Here are your tickets: show them at the door, printed or on a phone.",
    when="When",
    where="Where",
    ticket="Ticket {number} of {count}",
    row="row",
    seat="seat",
    standing="standing",
    code="QR code of the ticket: {place}",
    total="Total",
    order="Order",
    follow="See the order",
    once="Each code admits one person, once. Do not share it with anybody.",
    automatic="This message is automatic; there is no need to answer.",
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
)  # fmt: skip
WORDINGS = {"es": SPANISH, "en": ENGLISH}
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


def date_text(moment: datetime, time_zone: str, locale: str) -> str:
    """Return a moment as people of the language write it, in the venue's own time."""
    there, wording = moment.astimezone(ZoneInfo(time_zone)), WORDINGS[locale]
    weekday, month = wording.weekdays[there.weekday()], wording.months[there.month - 1]
    if locale == "es":
        return f"{weekday}, {there.day} de {month} de {there.year}, {there:%H:%M}{NO_BREAK_SPACE}h"
    return f"{weekday} {there.day} {month} {there.year}, {there:%H:%M}"


def money_text(cents: int, currency: str, locale: str) -> str:
    """Return an amount as people of the language write it (Unicode CLDR: es groups from five digits on)."""
    whole, rest = divmod(cents, 100)
    if locale == "es":
        grouped = f"{whole:,}".replace(",", ".") if whole >= 10_000 else str(whole)
        return f"{grouped},{rest:02d}{NO_BREAK_SPACE}{SYMBOLS.get(currency, currency)}"
    symbol = SYMBOLS.get(currency, currency + NO_BREAK_SPACE)
    return f"{symbol}{whole:,}.{rest:02d}"
