"""How an order ends: confirmed, declined, expired or refunded. The saga calls these operations."""
