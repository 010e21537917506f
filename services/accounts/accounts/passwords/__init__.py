"""A forgotten password and its replacement; the password policy."""
