"""Nothing that this service answers is kept by anybody in between: it is all about one person."""

from __future__ import annotations

from fastapi import Depends, Response


def forbid_storing(response: Response) -> None:
    """Mark the answer as private."""
    response.headers["Cache-Control"] = "private, no-store"


NEVER_STORED = Depends(forbid_storing)
