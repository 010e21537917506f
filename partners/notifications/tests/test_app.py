"""The service as a whole: its document, its key, what it refuses, its faults, its health, its migrations."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from notifications.app import describe
from notifications.settings import NotificationsSettings
from partners.notifications.tests.conftest import MIGRATIONS
from partners.notifications.tests.sender import (
    API_KEY,
    Mailbox,
    Sender,
    email_body,
    event,
    new_key,
    numbered_ticket,
    problem,
    serving,
)
from portico_kit.migrations import run_migrations

COMMITTED = Path(__file__).parents[1] / "openapi.json"


def test_the_committed_document_is_current() -> None:
    assert json.loads(COMMITTED.read_text()) == describe(), (
        "run: python -m notifications openapi > openapi.json"
    )


def test_the_one_operation_has_a_name_and_needs_the_key() -> None:
    (operation,) = (operation for item in describe()["paths"].values() for operation in item.values())
    assert operation["operationId"] == "sendEmail"
    assert operation["security"]


@pytest.mark.integration
@pytest.mark.parametrize("credentials", ["", "Bearer wrong", f"Basic {API_KEY}", f"Bearer {API_KEY}x"])
async def test_strangers_are_refused_before_anything_else(sender: Sender, credentials: str) -> None:
    answer = await sender.http.post("/v1/emails", json=email_body(), headers={"Authorization": credentials})
    assert problem(answer) == (401, "unauthenticated")


@pytest.mark.integration
async def test_a_key_is_needed(sender: Sender) -> None:
    answer = await sender.http.post("/v1/emails", json=email_body())
    assert problem(answer) == (400, "idempotency_key_missing")


WRONG_ADDRESSES = [
    "",
    "ana",
    "ana@",
    "@example.com",
    "ana@example",
    "ana@-example.com.",
    "ana@@example.com",
    "ana@example.com,eva@example.com",
    "ana@example.com\r\nBcc: eva@example.com",
    "Ana <ana@example.com>",
    "ana eva@example.com",
    "friends:ana@example.com;",
    ".ana@example.com",
    "ana..eva@example.com",
    f"ana@{'a' * 64}.com",
    f"{'a' * 250}@example.com",
]
WRONG_NAMES = ["", "Ana\r\nBcc: eva@example.com", "Ana\N{LINE SEPARATOR}Eva", "Ana\x85Eva", "n" * 201, None]
WRONG: list[dict[str, Any]] = [
    *({"to": address} for address in WRONG_ADDRESSES),
    *({"name": name} for name in WRONG_NAMES),
    *(
        {"event": event(time_zone=zone)}
        for zone in ("", "Mars/Olympus", "../etc/passwd", "/etc", "Europe", "a" * 200)
    ),
    *(
        {"event": event(starts_at=moment)}
        for moment in ("tomorrow", "2026-12-04T19:30:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    ),
    {"event": event(title={"es": "Sólo en español"})},
    {"template": "other"},
    {"locale": "fr"},
    {"tickets": []},
    {"tickets": [numbered_ticket() for _ in range(11)]},
    {"tickets": [numbered_ticket(qr="")]},
    {"tickets": [numbered_ticket(id="1")]},
    {"tickets": [numbered_ticket(price_cents=-1)]},
    {"surprise": 1},
]


@pytest.mark.integration
@pytest.mark.parametrize("changes", WRONG, ids=lambda changes: str(changes)[:60])
async def test_wrong_values_are_refused_and_not_echoed(sender: Sender, changes: dict[str, Any]) -> None:
    key = new_key()
    answer = await sender.send(email_body(**changes), key)
    assert problem(answer) == (422, "invalid_request")
    assert "passwd" not in answer.text
    assert "Mars" not in answer.text
    assert await sender.fetch("SELECT count(*) FROM email WHERE idempotency_key = $1", key) == 0


@pytest.mark.integration
@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("o'hara+tickets@mail.example.co.uk", "o'hara+tickets@mail.example.co.uk"),
        ("ana@españa.example", "ana@xn--espaa-rta.example"),
        ("ñandú@example.com", "ñandú@example.com"),
    ],
)
async def test_unusual_addresses_are_reached(
    sender: Sender, mailbox: Mailbox, address: str, reached: str
) -> None:
    before = len(await mailbox.of(reached))
    assert (await sender.send(email_body(to=address))).status_code == 201
    assert len(await mailbox.of(reached)) == before + 1


@pytest.mark.integration
@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "malformed_json")),
        (b"[]", "application/json", (422, "invalid_request")),
        (b"a=b", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b'"' + b"a" * 70_000 + b'"', "application/json", (413, "request_too_large")),
    ],
)
async def test_bodies_that_are_none_are_refused(
    sender: Sender, content: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    headers = {"Content-Type": content_type, "Idempotency-Key": new_key()}
    assert problem(await sender.http.post("/v1/emails", content=content, headers=headers)) == expected


@pytest.mark.integration
async def test_unknown_addresses_and_methods_are_refused(sender: Sender) -> None:
    assert problem(await sender.http.get("/v1/nothing")) == (404, "not_found")
    assert problem(await sender.http.get("/v1/emails")) == (405, "method_not_allowed")


@pytest.mark.integration
async def test_faults_exist_only_where_they_are_enabled(
    sender: Sender, settings: NotificationsSettings, mailbox: Mailbox
) -> None:
    assert problem(await sender.http.get("/faults")) == (404, "not_found")
    async with serving(settings.model_copy(update={"faults_enabled": True})) as breakable:
        assert (await breakable.http.put("/faults", json={"error_rate": 1})).status_code == 200
        body = email_body()
        assert problem(await breakable.send(body)) == (503, "unavailable")
    assert await mailbox.of(body["to"]) == []


@pytest.mark.integration
async def test_it_is_ready_while_its_database_answers(sender: Sender) -> None:
    assert (await sender.http.get("/health/live")).status_code == 200
    assert (await sender.http.get("/health/ready")).status_code == 200


@pytest.mark.integration
async def test_migrating_again_changes_nothing(sender: Sender, settings: NotificationsSettings) -> None:
    body, key = email_body(), new_key()
    first = await sender.send(body, key)
    await asyncio.to_thread(run_migrations, settings.database_url, MIGRATIONS)
    assert (await sender.send(body, key)).content == first.content
