"""What being a confirmed user means: a verified e-mail address and a group."""
