from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portico_runtime import jobs
from portico_runtime.jobs import Job, JobFailedError, inputs_mark, run_job
from portico_runtime.leftovers import marked
from portico_runtime.state import StateFolder

MARK = "a-system-of-a-test"


def job(state: StateFolder, *inputs: Path | str, code: str = "") -> Job:
    """Return a job that writes down each of its runs."""
    runs = state.path / "runs"
    command = [sys.executable, "-c", f"open({str(runs)!r}, 'a').write('x')\n{code}"]
    return Job(name="example-migrate", command=command, environment={}, inputs=inputs)


def runs(state: StateFolder) -> int:
    return len((state.path / "runs").read_text())


async def test_a_job_is_done_once_for_its_inputs(state: StateFolder) -> None:
    assert await run_job(state, MARK, job(state, "cluster 1")) == "done"
    assert await run_job(state, MARK, job(state, "cluster 1")) == "already done"
    assert runs(state) == 1
    assert await run_job(state, MARK, job(state, "cluster 2")) == "done"
    assert runs(state) == 2


async def test_a_job_that_failed_is_not_done(state: StateFolder) -> None:
    failing = job(state, code="print('cannot'); raise SystemExit(4)")
    for expected_runs in (1, 2):
        with pytest.raises(JobFailedError, match="example-migrate ended with code 4: cannot"):
            await run_job(state, MARK, failing)
        assert runs(state) == expected_runs


async def test_a_job_that_hangs_is_ended(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "JOB_TIMEOUT_S", 0.5)
    with pytest.raises(JobFailedError, match="not done after"):
        await run_job(state, MARK, job(state, code="import time; time.sleep(600)"))
    assert marked(MARK) == {}


def test_the_mark_follows_names_contents_and_words(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001.py").write_text("one")
    marks = [inputs_mark((folder, "data"))]
    (folder / "0001.py").write_text("two")
    marks.append(inputs_mark((folder, "data")))
    (folder / "0001.py").rename(folder / "0002.py")
    marks.append(inputs_mark((folder, "data")))
    marks.append(inputs_mark((folder, "other data")))
    assert len(set(marks)) == 4
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "0002.pyc").touch()
    assert inputs_mark((folder, "other data")) == marks[-1]
