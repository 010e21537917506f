"""One-shot jobs: migrations and seeds. On EKS they are Jobs that run before a rollout.

A job is skipped when it has already succeeded with exactly these inputs.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from portico_runtime.processes import MARKER, end_group
from portico_runtime.state import StateFolder

JOB_TIMEOUT_S = 120


class JobFailedError(RuntimeError):
    """A job ended with an error; the message has the end of its log."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command to run to its end. `inputs` are what its outcome depends on: files, folders, and words."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    inputs: tuple[Path | str, ...]


async def run_job(state: StateFolder, marker: str, job: Job) -> str:
    """Run a job unless it is done; return a word about it for the board."""
    mark = inputs_mark(job.inputs)
    done = state.read("jobs") or {}
    if done.get(job.name) == mark:
        return "already done"
    log_path = state.logs / f"{job.name}.log"
    with log_path.open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            *job.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env={**job.environment, MARKER: marker},
            start_new_session=True,
        )
    try:
        code = await asyncio.wait_for(child.wait(), JOB_TIMEOUT_S)
    except TimeoutError:
        raise JobFailedError(f"{job.name} is not done after {JOB_TIMEOUT_S} s") from None
    finally:
        end_group(child.pid)
    if code != 0:
        words = " | ".join(log_path.read_text(errors="replace").splitlines()[-4:])
        raise JobFailedError(f"{job.name} ended with code {code}: {words}")
    state.write("jobs", {**(state.read("jobs") or {}), job.name: mark})
    return "done"


def inputs_mark(inputs: Iterable[Path | str]) -> str:
    """Return a hash of inputs: the names and contents of files, words as they are."""
    digest = hashlib.sha256()
    for given in inputs:
        if isinstance(given, str):
            digest.update(given.encode() + b"\0")
            continue
        files = [given] if given.is_file() else sorted(path for path in given.rglob("*") if path.is_file())
        for path in files:
            if "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(given.parent)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
