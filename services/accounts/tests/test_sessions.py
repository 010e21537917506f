"""Sign-in, refresh and sign-out against a real pool."""

from __future__ import annotations

import asyncio

import jwt
import pytest

from accounts.settings import AccountsSettings
from portico_kit.auth import RevocationFeed, TokenVerifier
from portico_kit.aws import AwsClients
from portico_kit.errors import Unauthenticated
from services.accounts.tests.visitor import PASSWORD, WRONG_PASSWORD, NewVisitor, Visitor, face, problem

pytestmark = pytest.mark.integration


async def test_a_session_has_tokens_for_a_while(buyer: Visitor) -> None:
    answer = await buyer.sign_in()
    assert set(answer.json()) == {"access_token", "refresh_token", "expires_in_s", "token_type"}
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in_s"] > 0
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_failed_sign_in_does_not_tell_why(buyer: Visitor, new_visitor: NewVisitor) -> None:
    waiting = new_visitor()
    await waiting.sign_up()
    faces = [face(await visitor.sign_in(WRONG_PASSWORD)) for visitor in (buyer, waiting, new_visitor())]
    assert faces[0][:1] == (401,)
    assert '"invalid_credentials"' in faces[0][1]
    assert faces[0] == faces[1] == faces[2]


async def test_only_the_right_password_learns_that_an_address_is_unconfirmed(visitor: Visitor) -> None:
    await visitor.sign_up()
    assert problem(await visitor.sign_in()) == (403, "email_not_confirmed")
    assert problem(await visitor.sign_in(WRONG_PASSWORD)) == (401, "invalid_credentials")


async def test_an_administrators_reset_is_told_to_the_right_password_only(
    buyer: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    await aws.cognito.admin_reset_user_password(UserPoolId=settings.user_pool_id, Username=buyer.email)
    assert problem(await buyer.sign_in(WRONG_PASSWORD)) == (401, "invalid_credentials")
    assert problem(await buyer.sign_in()) == (403, "password_reset_required")


async def test_a_challenge_that_we_do_not_offer_is_not_an_error_of_ours(
    visitor: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    await aws.cognito.admin_create_user(
        UserPoolId=settings.user_pool_id, Username=visitor.email, TemporaryPassword=PASSWORD
    )
    assert problem(await visitor.sign_in()) == (403, "challenge_required")


async def test_a_session_is_renewed(buyer: Visitor) -> None:
    renewed = await buyer.refresh()
    assert renewed.status_code == 200, renewed.text
    assert renewed.json()["refresh_token"] == buyer.tokens["refresh_token"]
    assert renewed.json()["access_token"] != buyer.tokens["access_token"]
    buyer.tokens = renewed.json()
    assert (await buyer.me()).status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "\u00e9", "x" * 8000])
async def test_what_is_no_refresh_token_renews_nothing(visitor: Visitor, token: str) -> None:
    answer = await visitor.post("refresh", {"refresh_token": token})
    assert problem(answer) == (401, "invalid_refresh_token")


async def test_an_access_token_is_no_refresh_token(buyer: Visitor) -> None:
    answer = await buyer.post("refresh", {"refresh_token": buyer.tokens["access_token"]})
    assert problem(answer) == (401, "invalid_refresh_token")


async def test_after_sign_out_both_tokens_are_refused_at_once(buyer: Visitor) -> None:
    assert (await buyer.me()).status_code == 200  # the control: before it they pass
    assert (await buyer.refresh()).status_code == 200
    assert (await buyer.sign_out()).status_code == 204
    assert problem(await buyer.me()) == (401, "unauthenticated")
    assert problem(await buyer.change({"name": "Eva"})) == (401, "unauthenticated")
    assert problem(await buyer.refresh()) == (401, "invalid_refresh_token")


async def test_sign_out_ends_one_session_and_no_other(buyer: Visitor, new_visitor: NewVisitor) -> None:
    phone = new_visitor()
    phone.email = buyer.email
    await phone.sign_in()
    await buyer.sign_out()
    assert (await phone.me()).status_code == 200
    assert (await phone.refresh()).status_code == 200


async def test_other_services_refuse_the_token_within_two_seconds(
    buyer: Visitor, settings: AccountsSettings, aws: AwsClients
) -> None:
    async with RevocationFeed(aws, table=settings.identity_table) as feed:
        verifier = TokenVerifier(settings, feed)
        token = buyer.tokens["access_token"]
        await asyncio.sleep(1.5)
        await verifier.verify(token)  # the control: nothing but the revocation stops it
        await buyer.sign_out()
        await asyncio.sleep(2)
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


async def test_an_ended_session_is_not_renewed_whichever_token_sign_out_was_given(buyer: Visitor) -> None:
    """Cognito alone would renew it: it was told to revoke another token."""
    own = buyer.tokens["refresh_token"]
    buyer.tokens["refresh_token"] = "not-the-one-of-this-session"
    assert (await buyer.sign_out()).status_code == 204
    buyer.tokens["refresh_token"] = own
    assert problem(await buyer.refresh()) == (401, "invalid_refresh_token")


async def test_without_the_services_own_check_cognito_would_renew_it(
    buyer: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    """The control of the test above."""
    own = buyer.tokens["refresh_token"]
    buyer.tokens["refresh_token"] = "not-the-one-of-this-session"
    await buyer.sign_out()
    renewed = await aws.cognito.get_tokens_from_refresh_token(
        ClientId=settings.token_client_id, RefreshToken=own
    )
    assert renewed["AuthenticationResult"]["AccessToken"]


async def test_sign_out_needs_a_token(visitor: Visitor) -> None:
    answer = await visitor.post("logout", {"refresh_token": "x"})
    assert problem(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_confirmation_that_was_cut_short_is_mended_at_sign_in(
    visitor: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    await visitor.sign_up()
    await aws.cognito.confirm_sign_up(
        ClientId=settings.token_client_id, Username=visitor.email, ConfirmationCode="123456"
    )
    await visitor.sign_in()
    claims = jwt.decode(visitor.tokens["access_token"], options={"verify_signature": False})
    assert claims["cognito:groups"] == ["buyer"]
    assert (await visitor.refresh()).status_code == 200
