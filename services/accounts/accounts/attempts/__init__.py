"""Attempts that may fail only so often: sign-ins of an address, codes of an account."""
