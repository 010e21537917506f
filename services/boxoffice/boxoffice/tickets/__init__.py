"""Tickets with signed QR codes."""
