"""What was charged and refunded, for reconciliation."""
