"""What crosses processes: system, browser, contract and tidy tests, and the fixtures that start real things."""
