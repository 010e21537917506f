"""The CDK's templates, synthesised once for each content of what they are made from.

Synthesis takes 10 to 20 seconds; a system that starts again finds its templates in `.build/`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from portico_runtime import node
from portico_runtime.node import BUILDS, ROOT, exclusive

SOURCES = (
    "infra/cdk.json",
    "infra/portico_infra",
    "topology/portico_topology",
    "workflows",
    "functions/call_partner/call_partner",
    "requirements/all.txt",
)
SUFFIXES = frozenset({".py", ".json", ".txt"})
NOT_SOURCES = frozenset(
    {"tests", "node_modules", "examples", "__pycache__", "package.json", "package-lock.json"}
)
SYNTHESIS_TIMEOUT_S = 180
KEPT = 3


class SynthesisError(RuntimeError):
    """The CDK application failed; the message has its last words."""


def templates() -> Path:
    """Return the folder of the synthesised templates and assets, making it if this content has none."""
    target = BUILDS / f"cdk-{content_hash()}"
    if (target / "manifest.json").is_file():
        return target  # asked before the lock, which another user may not be allowed to take
    with exclusive("synthesise"):
        if not (target / "manifest.json").is_file():
            node.say("synthesising the AWS templates (once) …")
            synthesise(target)
            discard_older(target)
    return target


def content_hash() -> str:
    """Hash of everything that the templates are made from: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in source_files():
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def source_files() -> list[Path]:
    """Return every source file, in order."""
    found = []
    for source in SOURCES:
        path = ROOT / source
        inside = [path] if path.is_file() else [file for file in path.rglob("*") if file.suffix in SUFFIXES]
        found += [entry for entry in inside if not NOT_SOURCES & set(entry.relative_to(ROOT).parts)]
    return sorted(found)


def synthesise(target: Path) -> None:
    """Run the CDK application into a folder that appears whole or not at all."""
    staged = target.with_suffix(".part")
    shutil.rmtree(staged, ignore_errors=True)
    environment = {**node.environment(os.environ), "CDK_OUTDIR": str(staged)}
    done = subprocess.run(
        [sys.executable, "-m", "portico_infra"],
        env=environment,
        cwd=ROOT / "infra",
        check=False,
        capture_output=True,
        text=True,
        timeout=SYNTHESIS_TIMEOUT_S,
    )
    if done.returncode != 0:
        raise SynthesisError(f"the AWS templates cannot be synthesised:\n{done.stderr.strip()[-2000:]}")
    staged.rename(target)


def discard_older(kept: Path) -> None:
    """Keep the newest few: another checkout state may come back."""
    older = [path for path in BUILDS.glob("cdk-*") if path != kept and path.is_dir()]
    for path in sorted(older, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
