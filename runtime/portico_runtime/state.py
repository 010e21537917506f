"""The state folder of one system: everything it knows, and the lock that says it is running."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_runtime.problems import OperatorError

VERSION = 1
FREE_BYTES_MIN = 400_000_000
LOCK_ATTEMPTS, LOCK_PAUSE_S = 5, 0.05


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
        return self.path / "portico.lock"

    @property
    def clean_stop_file(self) -> Path:
        """There while the last stop was an orderly one and nothing has run since."""
        return self.path / "clean-stop"

    def file(self, name: str) -> Path:
        """Return the path of a JSON file."""
        return self.path / f"{name}.json"

    def folder(self, name: str) -> Path:
        """Return a folder that only its owner reads, making it if need be."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def prepare(self) -> None:
        """Make the folder, or check that it is one of ours; `OperatorError` says what is wrong with it."""
        try:
            # Others may pass but not list it: as root, PostgreSQL runs as another user.
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(
                f"the state folder {self.path} cannot be made ({error.strerror})", "use another: --state DIR"
            ) from None
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise OperatorError(f"the state folder {self.path} is not writable", "use another: --state DIR")
        if not self.is_ours() and any(self.path.iterdir()):
            raise OperatorError(
                f"{self.path} is not a state folder of Portico and has other things in it",
                "use an empty folder or a new one: --state DIR",
            )
        self._check_space()
        self._check_version()
        self.folder("logs")

    def is_ours(self) -> bool:
        """Whether the folder was made by us, however damaged it may be: what may be wiped."""
        return self.file("portico").exists() or (self.lock_file.exists() and self.logs.is_dir())

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < FREE_BYTES_MIN:
            left = f"{free // 1_000_000} MB left and {FREE_BYTES_MIN // 1_000_000} are needed"
            raise OperatorError(
                f"the disk of {self.path} is full: it has {left}",
                "free some space, or use another: --state DIR",
            )

    def _check_version(self) -> None:
        about = self.read("portico")
        if about is None:
            self.write("portico", {"version": VERSION})
            return
        version = about.get("version")
        if not isinstance(version, int):
            raise self.corrupt("portico.json", "it names no version")
        if version > VERSION:
            raise OperatorError(
                f"the state folder {self.path} is of a newer Portico (version {version}, not {VERSION})",
                f"use that version, another folder (--state DIR), or delete it: {self.wipe_command()}",
            )

    def read(self, name: str) -> dict[str, Any] | None:
        """Return the content of a JSON file, or None if there is none; `OperatorError` if it is broken."""
        try:
            content: dict[str, Any] = json.loads(self.file(name).read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise self.corrupt(self.file(name).name, str(error)) from None
        if not isinstance(content, dict):
            raise self.corrupt(self.file(name).name, "it holds no object")
        return content

    def write(self, name: str, content: dict[str, Any], *, durable: bool = True) -> None:
        """Replace a JSON file at once; if durable, a power cut too leaves the old or the new one."""
        staged = self.path / f"{name}.{os.getpid()}.part"  # a second command may write at the same time
        with open(staged, "w", opener=owner_only) as file:
            json.dump(content, file, indent=1)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        staged.replace(self.file(name))

    def corrupt(self, what: str, why: str) -> OperatorError:
        """Return the failure to raise about a broken state folder."""
        return OperatorError(
            f"the state folder {self.path} is damaged: {what} ({why})",
            f"restore it, or start anew: {self.wipe_command()}",
        )

    def wipe_command(self) -> str:
        """Return the command that deletes the folder."""
        return f"./portico down --wipe --state '{self.path}'"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one running system; `OperatorError` if another has it."""
        with self.lock_file.open("a") as lock:
            for attempt in range(1, LOCK_ATTEMPTS + 1):
                if try_lock(lock.fileno(), fcntl.LOCK_EX):
                    break
                if attempt == LOCK_ATTEMPTS:
                    raise OperatorError(
                        f"a system is already running on {self.path}",
                        "stop it with ./portico down, or use another --state and --port",
                    )
                time.sleep(LOCK_PAUSE_S)  # who only asks holds the lock for a moment as well
            yield

    def is_locked(self) -> bool:
        """Whether a system is running on this folder."""
        if not self.lock_file.exists():
            return False
        with self.lock_file.open("a") as lock:
            return not try_lock(lock.fileno(), fcntl.LOCK_SH)

    def wipe(self) -> None:
        """Delete everything, if the folder is one of ours."""
        if self.path.exists() and not self.is_ours() and any(self.path.iterdir()):
            raise OperatorError(
                f"{self.path} is not a state folder of Portico", "delete it yourself if you mean it"
            )
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.path)


def owner_only(path: str, flags: int) -> int:
    """Open a file that only its owner reads, whatever the umask is."""
    return os.open(path, flags, 0o600)


def try_lock(descriptor: int, kind: int) -> bool:
    """Lock a file unless somebody else holds it against this kind of lock."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
