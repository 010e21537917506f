"""A visitor signs up, chooses two seats on the map, pays and holds tickets, in a real browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.api import SIGN_UP_CODE, new_password
from tests.fixtures.system import RunningSystem

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SCREENSHOTS = Path(__file__).resolve().parents[2] / "test-results" / "screenshots"
STEP_TIMEOUT_MS = 30_000


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page whose console is quiet: what the browser complains of fails the test."""
    context: BrowserContext = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en")
    context.set_default_timeout(STEP_TIMEOUT_MS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    await context.close()
    assert [text for text in complaints if "401" not in text] == []


async def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


async def sign_up(page: Page, address: str, language: str) -> str:
    """Make an account through the pages; return its address."""
    email, password = f"browser-{uuid.uuid4().hex[:10]}@example.com", new_password()
    await page.goto(f"{address}/{language}/sign-up")
    await page.fill("input[name=name]", "Ana Prueba")
    await page.fill("input[name=email]", email)
    await page.fill("input[name=password]", password)
    await page.press("input[name=password]", "Enter")
    await page.fill("input[name=code]", SIGN_UP_CODE)
    await page.press("input[name=code]", "Enter")
    await page.wait_for_url(re.compile("sign-in"))
    await page.fill("input[name=email]", email)
    await page.fill("input[name=password]", password)
    await page.press("input[name=password]", "Enter")
    await page.wait_for_url(lambda url: "sign-in" not in url)
    return email


async def open_event(page: Page, address: str, language: str, venue: str) -> None:
    await page.goto(f"{address}/{language}")
    await page.locator("a[href*='/events/']", has_text=re.compile(".")).first.wait_for()
    card = page.locator("article, li", has_text=venue).locator("a[href*='/events/']").first
    await card.click()
    await page.locator("svg [data-seat], svg a[data-section]").first.wait_for()
    await page.wait_for_load_state("networkidle")  # the page answers to keys once its script is there


async def choose_two_seats(page: Page) -> None:
    seats = page.locator("circle[data-seat][role=checkbox].available")
    await seats.first.wait_for()
    for _ in range(2):
        await page.locator("circle[data-seat][role=checkbox].available[aria-checked=false]").first.click()


async def pay(page: Page, card: str) -> None:
    await page.locator(f"input[name=card][value={card}]").check()
    await page.locator("form[action='?/pay'] button").last.click()
    await page.wait_for_url(re.compile("/orders/"))


async def test_two_numbered_seats_are_bought(system: RunningSystem, page: Page) -> None:
    email = await sign_up(page, system.address, "en")
    await picture(page, "1-signed-in")
    await open_event(page, system.address, "en", "Teatro del Puerto")
    await picture(page, "2-event")
    await choose_two_seats(page)
    await picture(page, "3-seats-chosen")
    await page.click("form[action='?/hold'] button.primary")
    await page.locator("form[action='?/pay']").wait_for()
    await picture(page, "4-payment")
    await pay(page, "tok_visa")
    await expect(page.locator("article svg[role=img]")).to_have_count(2, timeout=STEP_TIMEOUT_MS)
    await picture(page, "5-tickets")
    await page.goto(f"{system.address}/en/tickets")
    await expect(page.locator("article svg[role=img]")).to_have_count(2)
    await page.goto(f"{system.address}/mailbox")
    await expect(page.get_by_text(email).first).to_be_visible()
    await picture(page, "6-mailbox")


async def test_a_declined_card_says_why_in_spanish(system: RunningSystem, page: Page) -> None:
    await sign_up(page, system.address, "es")
    await open_event(page, system.address, "es", "Teatro del Puerto")
    await choose_two_seats(page)
    await page.click("form[action='?/hold'] button.primary")
    await pay(page, "tok_declined")
    await expect(page.locator(".reason")).to_be_visible(timeout=STEP_TIMEOUT_MS)
    await picture(page, "7-declined")


async def test_seats_are_chosen_by_keyboard(system: RunningSystem, page: Page) -> None:
    await open_event(page, system.address, "en", "Teatro del Puerto")
    first = page.locator("circle[data-seat][role=checkbox].available").first
    await first.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Space")
    await expect(page.locator("circle[data-seat][aria-checked=true]")).to_have_count(2)


async def test_the_programme_works_without_javascript_on_a_phone(
    system: RunningSystem, browser: Browser
) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="es", color_scheme="dark"
    )
    page = await context.new_page()
    await page.goto(f"{system.address}/")
    assert page.url.startswith(f"{system.address}/es")
    await page.locator("a[href*='/events/']").first.click()
    await expect(page.locator("h1")).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    await picture(page, "8-phone-dark-no-javascript")
    await context.close()
