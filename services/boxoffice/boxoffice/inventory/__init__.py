"""Seats of an event, and which of them are free."""
