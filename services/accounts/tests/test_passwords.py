"""Password resets against a real pool."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from botocore.exceptions import ClientError

from accounts.settings import AccountsSettings
from portico_kit.auth import RevocationFeed, TokenVerifier
from portico_kit.aws import AwsClients
from portico_kit.errors import Unauthenticated
from services.accounts.tests.visitor import (
    OTHER_PASSWORD,
    PASSWORD,
    RESET_CODE,
    Mails,
    NewVisitor,
    Visitor,
    age_codes,
    face,
    problem,
)

pytestmark = pytest.mark.integration


async def forget(visitor: Visitor) -> httpx.Response:
    return await visitor.post("forgot-password", {"email": visitor.email})


async def reset(visitor: Visitor, code: str = RESET_CODE, password: str = OTHER_PASSWORD) -> httpx.Response:
    return await visitor.post("reset-password", {"email": visitor.email, "code": code, "password": password})


async def test_a_forgotten_password_is_replaced(buyer: Visitor) -> None:
    answer = await forget(buyer)
    assert (answer.status_code, answer.json()) == (202, {"status": "reset_sent"})
    assert (await reset(buyer)).status_code == 204
    assert problem(await buyer.sign_in(PASSWORD)) == (401, "invalid_credentials")
    assert (await buyer.sign_in(OTHER_PASSWORD)).status_code == 200


async def test_a_wrong_reset_code_changes_nothing(buyer: Visitor) -> None:
    await forget(buyer)
    assert problem(await reset(buyer, code="000000")) == (400, "code_mismatch")
    assert problem(await buyer.sign_in(OTHER_PASSWORD)) == (401, "invalid_credentials")
    assert (await buyer.sign_in(PASSWORD)).status_code == 200


async def test_a_reset_code_works_once(buyer: Visitor) -> None:
    await forget(buyer)
    assert (await reset(buyer)).status_code == 204
    assert problem(await reset(buyer, password=PASSWORD)) == (400, "code_mismatch")


async def test_forgetting_does_not_tell_whether_an_address_is_known(
    buyer: Visitor, new_visitor: NewVisitor, mails: Mails
) -> None:
    stranger, waiting = new_visitor(), new_visitor()
    await waiting.sign_up()
    faces = [face(await forget(visitor)) for visitor in (buyer, stranger, waiting)]
    assert faces[0] == faces[1] == faces[2]
    assert await mails(stranger.email) == []


async def test_resetting_does_not_tell_whether_an_address_is_known(
    buyer: Visitor, new_visitor: NewVisitor
) -> None:
    """Cognito tells them apart: a user who asked for no code gets another error than no user."""
    stranger = new_visitor()
    assert face(await reset(buyer)) == face(await reset(stranger))
    assert problem(await reset(buyer)) == (400, "code_mismatch")


async def test_guessing_reset_codes_ends_soon(buyer: Visitor, new_visitor: NewVisitor) -> None:
    await forget(buyer)
    for guesser in (buyer, new_visitor()):
        guesses = await asyncio.gather(*(reset(guesser, code=f"00000{digit}") for digit in range(5)))
        assert {problem(guess) for guess in guesses} == {(400, "code_mismatch")}
        refused = await reset(guesser)
        assert problem(refused) == (429, "too_many_attempts")
        assert 0 < int(refused.headers["retry-after"]) <= 900
    assert (await buyer.sign_in(PASSWORD)).status_code == 200


async def test_without_the_services_own_limit_guessing_would_go_on(
    buyer: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    """The control of the test above: the emulator bounds no guesses."""
    await forget(buyer)
    for _ in range(12):
        with pytest.raises(ClientError, match="CodeMismatchException"):
            await aws.cognito.confirm_forgot_password(
                ClientId=settings.token_client_id,
                Username=buyer.email,
                ConfirmationCode="000000",
                Password=OTHER_PASSWORD,
            )


async def test_a_reset_code_asked_for_long_ago_has_expired(
    buyer: Visitor, new_visitor: NewVisitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    stranger = new_visitor()
    for guesser in (buyer, stranger):
        await forget(guesser)
        assert problem(await reset(guesser, code="000000")) == (400, "code_mismatch")  # the control: not yet
    await age_codes(aws, settings.identity_table, seconds=3_700)
    for guesser in (buyer, stranger):
        assert problem(await reset(guesser)) == (400, "code_expired")
    await aws.cognito.confirm_forgot_password(  # the control: the emulator alone would take it
        ClientId=settings.token_client_id,
        Username=buyer.email,
        ConfirmationCode=RESET_CODE,
        Password=OTHER_PASSWORD,
    )


async def test_a_weak_new_password_is_refused_and_the_code_still_works(buyer: Visitor) -> None:
    await forget(buyer)
    weak = await reset(buyer, password="weak")
    assert problem(weak) == (422, "weak_password")
    assert weak.json()["missing"] == ["length", "uppercase", "digit"]
    assert (await reset(buyer)).status_code == 204


async def test_a_session_begun_right_after_a_reset_is_not_ended_by_it(
    buyer: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    await forget(buyer)
    await reset(buyer)
    assert (await buyer.sign_in(OTHER_PASSWORD)).status_code == 200
    feed = RevocationFeed(aws, table=settings.identity_table)
    await feed.poll()
    await TokenVerifier(settings, feed).verify(buyer.tokens["access_token"])


async def test_a_reset_ends_every_session(
    buyer: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    async with RevocationFeed(aws, table=settings.identity_table) as feed:
        verifier = TokenVerifier(settings, feed)
        await verifier.verify(buyer.tokens["access_token"])  # the control: it passes before
        await forget(buyer)
        await reset(buyer)
        assert problem(await buyer.me()) == (401, "unauthenticated")
        assert problem(await buyer.refresh()) == (401, "invalid_refresh_token")
        await asyncio.sleep(2)
        with pytest.raises(Unauthenticated):
            await verifier.verify(buyer.tokens["access_token"])
        assert (await buyer.sign_in(OTHER_PASSWORD)).status_code == 200
        await verifier.verify(buyer.tokens["access_token"])
