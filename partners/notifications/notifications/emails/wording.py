"""What the e-mails say, in both languages, and how dates and money are written there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The phrases of one language."""

    subject: str
    greeting: str
    intro: str
    seat: str
    standing: str
    row: str
    total: str
    order: str
    follow: str
    doors: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]


SPANISH = Wording(
    subject="Sus entradas para {event}",
    greeting="Hola, {name}:",
    intro="Gracias por su compra. Estas son sus entradas; enséñelas en la puerta, impresas o en el teléfono.",
    seat="butaca",
    standing="de pie",
    row="fila",
    total="Total",
    order="Pedido",
    follow="Ver el pedido",
    doors="Cada código vale para una sola entrada.",
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=(
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
)  # fmt: skip
ENGLISH = Wording(
    subject="Your tickets for {event}",
    greeting="Hello {name},",
    intro="Thank you for your purchase. Here are your tickets; show them at the door, on paper or on your phone.",
    seat="seat",
    standing="standing",
    row="row",
    total="Total",
    order="Order",
    follow="See the order",
    doors="Each code admits one person, once.",
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
        return f"{weekday}, {there.day} de {month} de {there.year}, {there:%H:%M} h"
    return f"{weekday} {there.day} {month} {there.year}, {there:%H:%M}"


def money_text(cents: int, currency: str, locale: str) -> str:
    """Return an amount as people of the language write it."""
    whole, rest = divmod(cents, 100)
    symbol = SYMBOLS.get(currency, currency)
    if locale == "es":
        grouped = f"{whole:,}".replace(",", ".")
        return f"{grouped},{rest:02d} {symbol}"
    return f"{symbol}{whole:,}.{rest:02d}"
