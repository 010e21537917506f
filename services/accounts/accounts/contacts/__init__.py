"""How another service of ours reaches a user."""
