"""A new account and the confirmation of its e-mail address."""
