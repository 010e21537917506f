"""Sessions that have ended before their access tokens did."""
