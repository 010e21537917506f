"""Passwords of accounts whose e-mail address is not confirmed yet."""
