from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from portico_runtime.problems import OperatorError, explained
from portico_runtime.state import VERSION, StateFolder


def test_a_folder_is_made_and_taken_again(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "not yet" / "there")
    state.prepare()
    state.write("secrets", {"token": "abc"})
    state.prepare()
    assert state.read("secrets") == {"token": "abc"}
    assert state.read("nothing") is None


def test_only_the_owner_reads_what_is_inside(state: StateFolder) -> None:
    previous = os.umask(0)
    try:
        state.write("secrets", {})
        folder = state.folder("emulator")
    finally:
        os.umask(previous)
    assert state.file("secrets").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert state.logs.stat().st_mode & 0o777 == 0o700
    assert state.path.stat().st_mode & 0o066 == 0


def test_a_folder_with_other_things_in_it_is_neither_taken_nor_wiped(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    foreign = StateFolder(tmp_path)
    with pytest.raises(OperatorError, match="is not a state folder"):
        foreign.prepare()
    with pytest.raises(OperatorError, match="is not a state folder"):
        foreign.wipe()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_folder_can_be_wiped(state: StateFolder) -> None:
    with state.locked():
        pass
    state.file("portico").unlink()
    (state.path / "what").mkdir()
    state.wipe()
    assert not state.path.exists()
    state.wipe()  # again: there is nothing


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "\x00"])
def test_a_broken_file_is_one_line_that_says_which_and_the_remedy(state: StateFolder, content: str) -> None:
    state.file("secrets").write_text(content)
    with pytest.raises(OperatorError) as caught:
        state.read("secrets")
    assert "secrets.json" in str(caught.value)
    assert "./portico down --wipe --state '" in caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_folder_of_a_newer_version_is_left_alone(state: StateFolder) -> None:
    state.write("portico", {"version": VERSION + 1})
    with pytest.raises(OperatorError, match="newer"):
        state.prepare()
    state.write("portico", {"version": "new"})
    with pytest.raises(OperatorError, match="damaged"):
        state.prepare()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="cannot be made"):
        StateFolder(tmp_path / "file" / "state").prepare()
    with pytest.raises(OperatorError, match="cannot be made"):
        StateFolder(tmp_path / "file").prepare()


def test_a_folder_that_is_not_writable(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(OperatorError, match="not writable"):
        state.prepare()


def test_a_full_disk_is_seen_before_anything_starts(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    with pytest.raises(OperatorError, match=r"full: it has 10 MB left and 400 are needed; free some space"):
        state.prepare()


HOLDS = """
import sys
from pathlib import Path
from portico_runtime.state import StateFolder
with StateFolder(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_one_system_a_folder(state: StateFolder) -> None:
    command = [sys.executable, "-c", HOLDS, str(state.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        assert state.is_locked()
        with pytest.raises(OperatorError, match="already running"), state.locked():
            pytest.fail("two systems hold one folder")
        other.kill()
    assert not state.is_locked()
    with state.locked():
        assert state.is_locked()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/data/x"),
            "the disk is full (/data/x); free some space",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/x"),
            "Permission denied (/x); be the user who owns it",
        ),
        (
            RuntimeError("initdb failed:\n  No space left on device"),
            "the disk is full (initdb failed); free",
        ),
        (RuntimeError("one\ntwo"), "one | two; read ./portico logs"),
        (RuntimeError(""), "RuntimeError; read"),
        (OperatorError("what", "remedy"), "what; remedy"),
    ],
)
def test_a_failure_is_one_line_with_a_remedy(error: Exception, words: str) -> None:
    assert str(explained(error)).startswith(words)
    assert "\n" not in str(explained(error))
