"""What crosses processes: system, browser, contract and tidy tests, and what starts real things."""
