"""Codes that were mailed: how often one may guess, and when one is too old."""
