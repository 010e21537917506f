"""Sign-up and confirmation against a real pool."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import pytest

from accounts.settings import AccountsSettings
from portico_kit.aws import AwsClients
from services.accounts.tests.visitor import (
    OTHER_PASSWORD,
    PASSWORD,
    SIGN_UP_CODE,
    Mails,
    NewVisitor,
    Visitor,
    age_codes,
    face,
    problem,
)

pytestmark = pytest.mark.integration


async def test_a_confirmed_newcomer_is_a_buyer(visitor: Visitor) -> None:
    signed_up = await visitor.sign_up()
    assert (signed_up.status_code, signed_up.json()) == (202, {"status": "confirmation_sent"})
    assert (await visitor.confirm()).status_code == 204
    assert (await visitor.sign_in()).status_code == 200
    claims = jwt.decode(visitor.tokens["access_token"], options={"verify_signature": False})
    assert claims["cognito:groups"] == ["buyer"]


async def test_the_language_may_be_left_out(visitor: Visitor) -> None:
    body = {"email": visitor.email, "password": PASSWORD, "name": "Ana"}
    assert (await visitor.post("signup", body)).status_code == 202
    assert (await visitor.confirm()).status_code == 204
    await visitor.sign_in()
    assert (await visitor.me()).json()["locale"] == "es"


async def test_sign_up_does_not_tell_whether_an_address_is_known(
    buyer: Visitor, new_visitor: NewVisitor
) -> None:
    waiting = new_visitor()
    await waiting.sign_up()
    faces = [face(await new_visitor().sign_up(email)) for email in (None, buyer.email, waiting.email)]
    assert faces[0] == faces[1] == faces[2]


async def test_a_weak_password_is_refused_the_same_for_a_known_address(
    buyer: Visitor, new_visitor: NewVisitor
) -> None:
    answers = [await new_visitor().sign_up(email, password="short") for email in (None, buyer.email)]
    assert {problem(answer) for answer in answers} == {(422, "weak_password")}
    assert [answer.json()["missing"] for answer in answers] == [["length", "uppercase", "digit"]] * 2


async def test_signing_up_again_does_not_replace_an_account(buyer: Visitor, new_visitor: NewVisitor) -> None:
    assert (await new_visitor().sign_up(buyer.email, password=OTHER_PASSWORD)).status_code == 202
    assert problem(await buyer.sign_in(OTHER_PASSWORD)) == (401, "invalid_credentials")
    assert (await buyer.sign_in()).status_code == 200


async def test_spellings_of_an_address_are_one_account(visitor: Visitor, new_visitor: NewVisitor) -> None:
    await visitor.registered()
    shouting = new_visitor()
    shouting.email = f"  {visitor.email.upper()} "
    assert (await shouting.sign_in()).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"email": "ana"},
        {"email": "ana@example"},
        {"email": None},
        {"email": "ana\x00@example.com"},
        {"email": "a" * 300 + "@example.com"},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 101},
        {"name": "Ana\nPrueba"},
        {"name": 7},
        {"locale": "fr"},
        {"password": ""},
        {"password": "x" * 257},
        {"password": f" {PASSWORD}"},
        {"password": 12},
        {"role": "administrator"},
    ],
)
async def test_bad_input_is_refused_without_echo(visitor: Visitor, change: dict[str, Any]) -> None:
    answer = (
        await visitor.sign_up(**change)
        if "email" not in change
        else await visitor.post("signup", {"password": PASSWORD, "name": "Ana", **change})
    )
    assert problem(answer) == (422, "invalid_request")
    assert PASSWORD not in answer.text


async def test_a_wrong_confirmation_code_is_refused(visitor: Visitor) -> None:
    await visitor.sign_up()
    assert problem(await visitor.confirm("000000")) == (400, "code_mismatch")
    assert problem(await visitor.sign_in()) == (403, "email_not_confirmed")
    assert (await visitor.confirm()).status_code == 204  # the control: the right one passes
    assert (await visitor.sign_in()).status_code == 200


async def test_confirming_does_not_tell_whether_an_address_is_known(
    buyer: Visitor, new_visitor: NewVisitor
) -> None:
    waiting = new_visitor()
    await waiting.sign_up()
    answers = [
        await new_visitor().post("confirm", {"email": email, "code": "000000"})
        for email in ("nobody-at-all@example.com", buyer.email, waiting.email)
    ]
    assert {problem(answer) for answer in answers} == {(400, "code_mismatch")}


async def test_guessing_codes_ends_soon_for_known_and_unknown_addresses(
    visitor: Visitor, new_visitor: NewVisitor
) -> None:
    await visitor.sign_up()
    stranger = new_visitor()
    for guesser in (visitor, stranger):
        guesses = await asyncio.gather(*(guesser.confirm(f"00000{digit}") for digit in range(5)))
        assert {problem(guess) for guess in guesses} == {(400, "code_mismatch")}
        refused = await guesser.confirm()
        assert problem(refused) == (429, "too_many_attempts")
        assert 0 < int(refused.headers["retry-after"]) <= 900


async def test_a_code_asked_for_long_ago_has_expired(
    visitor: Visitor, new_visitor: NewVisitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    await visitor.sign_up()
    stranger = new_visitor()
    await stranger.post("resend-confirmation", {"email": stranger.email})
    assert problem(await visitor.confirm("000000")) == (400, "code_mismatch")  # the control: not yet
    await age_codes(aws, settings.identity_table, seconds=86_500)
    for guesser in (visitor, stranger):
        assert problem(await guesser.confirm()) == (400, "code_expired")
    await visitor.post("resend-confirmation", {"email": visitor.email})
    assert (await visitor.confirm()).status_code == 204


async def test_cognito_itself_is_asked_to_verify_the_address_that_the_emulator_leaves_unverified(
    visitor: Visitor, new_visitor: NewVisitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    past_the_service = new_visitor()
    for newcomer in (visitor, past_the_service):
        await newcomer.sign_up()
    await visitor.confirm()
    await aws.cognito.confirm_sign_up(
        ClientId=settings.token_client_id, Username=past_the_service.email, ConfirmationCode=SIGN_UP_CODE
    )
    verified = [
        await attribute(aws, settings, newcomer.email, "email_verified")
        for newcomer in (visitor, past_the_service)
    ]
    assert verified == ["true", None]


async def attribute(aws: AwsClients, settings: AccountsSettings, email: str, name: str) -> str | None:
    user = await aws.cognito.admin_get_user(UserPoolId=settings.user_pool_id, Username=email)
    return {each["Name"]: each["Value"] for each in user["UserAttributes"]}.get(name)


async def test_another_code_is_mailed_only_to_who_waits_for_one(
    visitor: Visitor, buyer: Visitor, new_visitor: NewVisitor, mails: Mails
) -> None:
    await visitor.sign_up()
    before = await mails(visitor.email), await mails(buyer.email)
    people = [visitor.email, buyer.email, new_visitor().email]
    answers = [await new_visitor().post("resend-confirmation", {"email": email}) for email in people]
    assert len({str(face(answer)) for answer in answers}) == 1
    after = await mails(visitor.email), await mails(buyer.email)
    assert [len(later) - len(earlier) for earlier, later in zip(before, after, strict=True)] == [1, 0]
