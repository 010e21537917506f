"""A double-entry ledger of every movement of money."""
