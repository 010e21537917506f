"""The content to begin with: houses of the promised size, maps on which no seats overlap, complete events."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import orjson
import pytest

from boxoffice.seed.loader import CONTENT, documents

ROOT = Path(__file__).resolve().parents[3]
POSTERS = ROOT / "frontend/static/posters"
POSTER_BYTES_MAX = 12_288
SEAT_FILL = 0.8  # how much of the space between two centres a seat takes on the page
EVENTS = list(documents(CONTENT, today=date(2026, 1, 1)))
Seat = tuple[float, float, float]  # x, y, radius


def venue(name: str) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads((CONTENT / "venues" / f"{name}.json").read_bytes())
    return read


def seats(section: dict[str, Any]) -> list[Seat]:
    """Return where a section's seats stand: rows along the height, seats along the width, ends bent."""
    rows, shape = section.get("rows", []), section["shape"]
    if not rows:
        return []
    pitch = shape["width"] / max(row["seats"] for row in rows)
    radius = min(pitch, shape["height"] / len(rows)) * SEAT_FILL / 2
    found = []
    for index, row in enumerate(rows):
        for number in range(row["seats"]):
            x = (number - (row["seats"] - 1) / 2) * pitch
            y = ((index + 0.5) / len(rows) - 0.5) * shape["height"]
            y -= shape["bend"] * (x / (shape["width"] / 2)) ** 2
            found.append((*turned(shape, x, y), radius))
    return found


def turned(shape: dict[str, float], x: float, y: float) -> tuple[float, float]:
    angle = math.radians(shape["rotate_deg"])
    middle_x, middle_y = shape["x"] + shape["width"] / 2, shape["y"] + shape["height"] / 2
    return (
        middle_x + x * math.cos(angle) - y * math.sin(angle),
        middle_y + x * math.sin(angle) + y * math.cos(angle),
    )


def overlapping(placed: list[Seat]) -> list[tuple[Seat, Seat]]:
    """Return the pairs that touch, comparing each seat with those of the cells around its own."""
    cell_size = 2 * max(radius for _, _, radius in placed)
    cells = defaultdict(list)
    for seat in placed:
        cells[int(seat[0] // cell_size), int(seat[1] // cell_size)].append(seat)
    pairs = []
    for (column, line), here in cells.items():
        around = [cells.get((column + dx, line + dy), []) for dx, dy in product((-1, 0, 1), repeat=2)]
        for seat, other in product(here, (seat for cell in around for seat in cell)):
            if seat < other and math.dist(seat[:2], other[:2]) < seat[2] + other[2]:
                pairs.append((seat, other))
    return pairs


@pytest.mark.parametrize(
    ("name", "numbered", "standing", "sections"),
    [("teatro-del-puerto", 420, 0, 4), ("arena-miramar", 18_000, 2_000, 25)],
)
def test_a_house_has_its_size(name: str, numbered: int, standing: int, sections: int) -> None:
    listed = venue(name)["sections"]
    assert len({section["id"] for section in listed}) == len(listed) == sections
    assert sum(row["seats"] for section in listed for row in section.get("rows", [])) == numbered
    assert sum(section.get("capacity", 0) for section in listed) == standing


@pytest.mark.parametrize("name", ["teatro-del-puerto", "arena-miramar"])
def test_no_seat_overlaps_another_or_leaves_the_map_or_stands_on_the_stage(name: str) -> None:
    house = venue(name)
    stage, placed = house["map"]["stage"], [seat for section in house["sections"] for seat in seats(section)]
    assert not overlapping(placed)
    for x, y, radius in placed:
        assert radius <= x <= house["map"]["width"] - radius
        assert radius <= y <= house["map"]["height"] - radius
        assert not (
            stage["x"] - radius < x < stage["x"] + stage["width"] + radius
            and stage["y"] - radius < y < stage["y"] + stage["height"] + radius
        )


def test_two_sections_in_one_place_would_be_noticed() -> None:
    """The control."""
    stalls = next(section for section in venue("teatro-del-puerto")["sections"] if section["id"] == "stalls")
    moved = {**stalls, "shape": {**stalls["shape"], "x": stalls["shape"]["x"] + 5}}
    assert overlapping(seats(stalls) + seats(moved))


def test_there_are_twelve_events_of_three_organisers_with_a_poster_each() -> None:
    assert len({event["slug"] for event in EVENTS}) == len(EVENTS) == 12
    assert len({event["organiser_id"] for event in EVENTS}) == 3
    assert {path.stem for path in POSTERS.glob("*.svg")} == {event["slug"] for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["slug"])
def test_an_event_is_complete_in_both_languages(event: dict[str, Any]) -> None:
    for field in ("title", "summary", "description"):
        assert set(event[field]) == {"es", "en"}
        assert all(text == text.strip() and text for text in event[field].values())
    paragraphs = [text.split("\n\n") for text in event["description"].values()]
    assert {len(parts) for parts in paragraphs} == {3}
    prices = {section["price_cents"] for section in event["sections"]}
    assert all(price > 0 for price in prices)
    if event["venue"]["id"] == "teatro-del-puerto":
        assert (len(prices), len(event["sections"])) == (3, 4)
    assert event["attributes"]


@pytest.mark.parametrize("poster", sorted(POSTERS.glob("*.svg")), ids=lambda path: path.stem)
def test_a_poster_is_small_and_fetches_nothing(poster: Path) -> None:
    text = poster.read_text()
    assert len(text.encode()) <= POSTER_BYTES_MAX
    assert 'viewBox="0 0 800 1000"' in text
    # Nothing is addressed but the SVG namespace: no fonts, images, styles or scripts from anywhere.
    assert text.replace("http://www.w3.org/2000/svg", "").count("http") == 0
    assert not any(word in text for word in ("<script", "<image", "@import", "<foreignObject", "href="))
