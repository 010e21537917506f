"""Failures that a person can do something about: one line that says what is wrong, and the remedy."""

from __future__ import annotations


class OperatorError(Exception):
    """Shown on the command line as it is, without a stack."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy
