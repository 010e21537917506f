"""Failed sign-ins of one address are bounded, before the password is tried."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from accounts.settings import AccountsSettings
from portico_kit.aws import AwsClients
from services.accounts.tests.visitor import WRONG_PASSWORD, NewVisitor, Visitor, problem

pytestmark = pytest.mark.integration


async def fail(visitor: Visitor, times: int) -> list[httpx.Response]:
    return await asyncio.gather(*(visitor.sign_in(WRONG_PASSWORD) for _ in range(times)))


async def test_beyond_the_limit_even_the_right_password_is_not_tried(
    buyer: Visitor, settings: AccountsSettings
) -> None:
    failed = [await buyer.sign_in(WRONG_PASSWORD) for _ in range(settings.failed_signins_max)]
    assert {problem(answer) for answer in failed} == {(401, "invalid_credentials")}
    started = time.monotonic()
    refused = await buyer.sign_in()
    assert time.monotonic() - started < 1
    assert problem(refused) == (429, "too_many_signins")
    half_s = settings.failed_signins_window_s / 2
    assert half_s < int(refused.headers["retry-after"]) <= settings.failed_signins_window_s


async def test_one_failure_less_and_the_right_password_passes(
    buyer: Visitor, settings: AccountsSettings
) -> None:
    """The control: the limit is where it is said to be."""
    await fail(buyer, settings.failed_signins_max - 1)
    assert (await buyer.sign_in()).status_code == 200


async def test_a_hundred_guesses_at_once_are_no_more_than_the_limit(
    visitor: Visitor, settings: AccountsSettings
) -> None:
    answers = await fail(visitor, 100)
    codes = [problem(answer) for answer in answers]
    assert codes.count((401, "invalid_credentials")) == settings.failed_signins_max
    assert codes.count((429, "too_many_signins")) == 100 - settings.failed_signins_max


async def test_only_failures_count(buyer: Visitor, settings: AccountsSettings) -> None:
    answers = await asyncio.gather(*(buyer.sign_in() for _ in range(2 * settings.failed_signins_max)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({problem(answer) for answer in await fail(buyer, settings.failed_signins_max)}) == 1


async def test_an_unconfirmed_address_counts_only_with_a_wrong_password(
    visitor: Visitor, settings: AccountsSettings
) -> None:
    await visitor.sign_up()
    await fail(visitor, settings.failed_signins_max - 1)
    for _ in range(3):
        assert problem(await visitor.sign_in()) == (403, "email_not_confirmed")
    assert problem(await visitor.sign_in(WRONG_PASSWORD)) == (401, "invalid_credentials")
    assert problem(await visitor.sign_in()) == (429, "too_many_signins")


async def test_another_address_is_not_held_back(
    buyer: Visitor, new_visitor: NewVisitor, settings: AccountsSettings
) -> None:
    await fail(buyer, settings.failed_signins_max)
    elsewhere = new_visitor()
    elsewhere.email = buyer.email
    assert (await elsewhere.sign_in()).status_code == 200


async def test_the_window_ends_by_its_own_time_though_the_item_is_still_there(
    buyer: Visitor, aws: AwsClients, settings: AccountsSettings
) -> None:
    await fail(buyer, settings.failed_signins_max)
    assert problem(await buyer.sign_in()) == (429, "too_many_signins")
    key = {"pk": {"S": f"signin#{buyer.address}"}, "sk": {"S": "window"}}
    await aws.dynamodb.update_item(
        TableName=settings.identity_table,
        Key=key,
        UpdateExpression="ADD ends_at_ms :back",
        ExpressionAttributeValues={":back": {"N": str(-1000 * settings.failed_signins_window_s)}},
    )
    assert (await buyer.sign_in()).status_code == 200
    item = (await aws.dynamodb.get_item(TableName=settings.identity_table, Key=key))["Item"]
    assert (item["reserved"]["N"], item["failures"]["N"]) == ("0", "0")
    assert int(item["expires_at"]["N"]) > int(item["ends_at_ms"]["N"]) // 1000
