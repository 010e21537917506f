"""`python -m portico_infra`: synthesise into the folder that the CDK command line names (or `cdk.out`)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import aws_cdk as cdk

from portico_infra.app import build

SETTINGS = Path(__file__).resolve().parents[1] / "cdk.json"


def main() -> None:
    """Synthesise."""
    context = json.loads(SETTINGS.read_text())["context"]
    app = cdk.App(outdir=os.environ.get("CDK_OUTDIR"), context=context)
    build(app)
    app.synth()


if __name__ == "__main__":
    main()
