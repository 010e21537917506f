"""The committed OpenAPI document of each deployable is the one that its code has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.documents import DOCUMENTS, ROOT


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_document_is_the_one_of_the_code(name: str) -> None:
    package = Path(name).parent.name
    made = subprocess.run(
        [sys.executable, "-m", package, "openapi"], check=True, capture_output=True, timeout=60
    )
    remedy = f"run: .venv/bin/python -m {package} openapi > {name}"
    assert (ROOT / name).read_bytes() == made.stdout, remedy
