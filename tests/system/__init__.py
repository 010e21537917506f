"""Tests of a whole running system."""
