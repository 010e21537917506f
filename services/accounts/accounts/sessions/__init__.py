"""Sign-in, refresh, sign-out."""
