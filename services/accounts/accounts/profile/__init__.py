"""A user's own name, locale and groups."""
