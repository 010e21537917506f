"""Ledger entries. Each transaction's entries sum to zero; the database refuses any other (migration 0001)."""

from __future__ import annotations

from uuid import UUID

from portico_kit.ids import new_id
from portico_kit.postgres import Connection

INSERT = """
INSERT INTO ledger_entry (id, transaction_id, order_id, account, amount_cents, currency)
SELECT unnest($1::uuid[]), $2, $3, unnest($4::text[]), unnest($5::bigint[]), $6
"""
RECEIVABLE = "payments_receivable"  # what the payment partner owes us
FEES = "fees"
SUSPENSE = "suspense"  # money that came for an order that no longer stands
FEE_PERCENT = 5


class Ledger:
    """Writes entries in the caller's transaction. Debits are positive, credits negative, in cents."""

    async def sale(
        self, connection: Connection, order_id: UUID, organiser_id: UUID, total_cents: int, currency: str
    ) -> None:
        """Record that a buyer paid: the organiser gets the price less our fee."""
        await self._write(connection, order_id, currency, sale_entries(organiser_id, total_cents))

    async def refund(
        self, connection: Connection, order_id: UUID, organiser_id: UUID, total_cents: int, currency: str
    ) -> None:
        """Record that a sale was taken back, whole."""
        entries = [(account, -amount) for account, amount in sale_entries(organiser_id, total_cents)]
        await self._write(connection, order_id, currency, entries)

    async def late_charge_refund(
        self, connection: Connection, order_id: UUID, total_cents: int, currency: str
    ) -> None:
        """Record a charge that came too late for its order, and its refund."""
        for amount_cents in (total_cents, -total_cents):
            entries = [(RECEIVABLE, amount_cents), (SUSPENSE, -amount_cents)]
            await self._write(connection, order_id, currency, entries)

    async def _write(
        self, connection: Connection, order_id: UUID, currency: str, entries: list[tuple[str, int]]
    ) -> None:
        ids = [new_id() for _ in entries]
        accounts, amounts = [account for account, _ in entries], [amount for _, amount in entries]
        await connection.execute(INSERT, ids, new_id(), order_id, accounts, amounts, currency)


def sale_entries(organiser_id: UUID, total_cents: int) -> list[tuple[str, int]]:
    """Return account and amount of each entry of a sale."""
    fee_cents = total_cents * FEE_PERCENT // 100
    payable = f"organiser_payable:{organiser_id}"
    return [(RECEIVABLE, total_cents), (payable, fee_cents - total_cents), (FEES, -fee_cents)]
