"""The ledger refuses what does not add up, and what would rewrite it."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from boxoffice.ledger.repository import sale_entries
from portico_kit.ids import new_id
from services.boxoffice.tests.house import Shop


@pytest.mark.parametrize("total_cents", [1, 19, 20, 99, 100, 123_457, 2**31 - 1])
def test_a_sale_adds_up_whatever_its_price(total_cents: int) -> None:
    entries = sale_entries(new_id(), total_cents)
    assert sum(amount for _, amount in entries) == 0
    assert dict(entries)["payments_receivable"] == total_cents


@pytest.mark.integration
async def test_the_ledger_refuses_what_does_not_add_up_and_what_rewrites_it(
    shop: Shop, event_id: UUID
) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    insert = "INSERT INTO ledger_entry VALUES ($1, $2, $3, 'fees', 1, 'EUR')"
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with shop.house.database.transaction() as connection:
            await connection.execute(insert, new_id(), new_id(), order.id)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with shop.house.database.transaction() as connection:
            await connection.execute("UPDATE ledger_entry SET amount_cents = 0 WHERE order_id = $1", order.id)
    # The control: without the trigger the same entry is accepted.
    connection = await asyncpg.connect(shop.house.url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_balanced")
    await connection.execute(insert, new_id(), new_id(), order.id)
    await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    await transaction.rollback()
    await connection.close()
