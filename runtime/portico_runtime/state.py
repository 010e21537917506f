"""The state folder of one system: everything it knows, and the lock that says it is running."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_runtime.problems import OperatorError

VERSION = 1
FREE_BYTES_MIN = 400_000_000


@dataclass(frozen=True)
class StateFolder:
    """Paths inside the folder, and reading and writing its small files."""

    path: Path

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.path / "logs"

    @property
    def lock_file(self) -> Path:
        """Locked while the system runs."""
        return self.path / "lock"

    @property
    def clean_stop_file(self) -> Path:
        """There while the last stop was an orderly one and nothing has run since."""
        return self.path / "clean-stop"

    def file(self, name: str) -> Path:
        """Return the path of a JSON file."""
        return self.path / f"{name}.json"

    def prepare(self) -> None:
        """Make the folder, or check that it is one of ours; `OperatorError` says what is wrong with it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise OperatorError(
                f"the state folder {self.path} cannot be made ({error.strerror})", "choose another with --state"
            ) from None
        if not os.access(self.path, os.W_OK):
            raise OperatorError(f"the state folder {self.path} is not writable", "choose another with --state")
        free = shutil.disk_usage(self.path).free
        if free < FREE_BYTES_MIN:
            raise OperatorError(
                f"the disk of {self.path} has {free // 1_000_000} MB left and {FREE_BYTES_MIN // 1_000_000} are needed",
                "free some space, or choose a folder on another disk with --state",
            )
        self._check_version()

    def _check_version(self) -> None:
        about = self.read("portico")
        if about is None:
            self.write("portico", {"version": VERSION})
        elif not isinstance(about.get("version"), int) or about["version"] > VERSION:
            raise OperatorError(
                f"the state folder {self.path} was made by another version of Portico",
                "use that version, another folder with --state, or delete it: ./portico down --wipe",
            )

    def read(self, name: str) -> dict[str, Any] | None:
        """Return the content of a JSON file, or None if there is none; `OperatorError` if it is broken."""
        try:
            content: dict[str, Any] = json.loads(self.file(name).read_text())
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            raise self.corrupt(self.file(name).name, str(error)) from None
        if not isinstance(content, dict):
            raise self.corrupt(self.file(name).name, "it holds no object")
        return content

    def write(self, name: str, content: dict[str, Any], *, mode: int = 0o600) -> None:
        """Replace a JSON file at once."""
        staged = self.file(name).with_suffix(".part")
        staged.touch(mode=mode)
        staged.write_text(json.dumps(content, indent=1))
        os.replace(staged, self.file(name))  # noqa: PTH105  the rename is what makes it whole or absent

    def corrupt(self, what: str, why: str) -> OperatorError:
        """Return the failure to raise about a broken state folder."""
        wipe = f"./portico down --wipe --state '{self.path}'"
        return OperatorError(
            f"the state folder {self.path} is damaged: {what} ({why})", f"restore it, or start anew: {wipe}"
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one running system; `OperatorError` if another has it."""
        with self.lock_file.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OperatorError(
                    f"a system is already running on {self.path}",
                    "look at it with ./portico status, stop it with ./portico down, or use --state and --port",
                ) from None
            yield

    def is_locked(self) -> bool:
        """Whether a system is running on this folder."""
        if not self.lock_file.exists():
            return False
        with self.lock_file.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def wipe(self) -> None:
        """Delete everything, if the folder is one of ours."""
        if self.path.exists() and not self.file("portico").exists() and any(self.path.iterdir()):
            raise OperatorError(f"{self.path} is not a state folder of Portico", "delete it yourself if you mean it")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.path)
