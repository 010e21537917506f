"""Tests that drive a real browser against a whole running system."""
