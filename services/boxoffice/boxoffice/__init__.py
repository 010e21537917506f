"""The main service: events, seats, holds, orders, tickets, ledger."""
