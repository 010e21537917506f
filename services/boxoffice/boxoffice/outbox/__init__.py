"""Messages that leave with the transaction that caused them, and the relay that carries them."""
