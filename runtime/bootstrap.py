"""Make `.venv` from the locked requirements; run by the launcher with the system's Python.

Standard library only.
The stamp is written last, so an interrupted installation is simply done again.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

SOURCE_ROOTS = ("kit", "topology", "runtime", "infra", "services/*", "partners/*", "functions/*")
LOCKS = ("bootstrap.txt", "all.txt")
STILL_RUNNING_S = 10


def main(root: Path) -> int:
    venv = root / ".venv"
    venv.mkdir(exist_ok=True)
    with (venv / "portico.lock").open("w") as lock:
        # Two first commands at once: the second finds the work done. Not `.lock`, which is uv's own.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (venv / "portico.stamp").is_file() and (venv / "portico.stamp").read_text() == stamp(root):
            return 0
        started = time.monotonic()
        say("Setting up, once: Python environment and locked dependencies (some 300 MB, about a minute) …")
        install(root, venv)
        write_source_paths(root, venv)
        (venv / "portico.stamp").write_text(stamp(root))
        say(f"Environment ready in {time.monotonic() - started:.0f} s.")
    return 0


def stamp(root: Path) -> str:
    """Return the launcher's own stamp text: the folder, then both locks."""
    return f"{root}\n" + "".join((root / "requirements" / name).read_text() for name in LOCKS)


def install(root: Path, venv: Path) -> None:
    run(
        "create the virtual environment",
        [sys.executable, "-m", "venv", str(venv)],
        remedy="on Debian or Ubuntu: apt-get install python3-venv",
    )
    python = venv / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    run(
        "install uv",
        [*pip, "-r", str(root / "requirements" / "bootstrap.txt")],
        remedy="check the connection to the package registry, then try again",
    )
    uv = [str(venv / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(python), "--require-hashes"]
    run(
        "install the locked dependencies",
        [*uv, "-r", str(root / "requirements" / "all.txt")],
        remedy="check the connection to the registry and the disk space, then try again",
    )


def write_source_paths(root: Path, venv: Path) -> None:
    """Put our own packages on the import path: nothing to build, nothing to reinstall after an edit."""
    variables = {"base": str(venv), "platbase": str(venv)}
    site_packages = Path(sysconfig.get_path("purelib", "venv", vars=variables))
    roots = [path for pattern in SOURCE_ROOTS for path in sorted(root.glob(pattern)) if path.is_dir()]
    (site_packages / "portico.pth").write_text("".join(f"{path}\n" for path in roots))


def run(what: str, command: list[str], *, remedy: str) -> None:
    """Run a command, saying every ten seconds that it still runs; its own words are shown if it fails."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True)
        while True:
            try:
                code = child.wait(timeout=STILL_RUNNING_S)
                break
            except subprocess.TimeoutExpired:
                say(f"  … {what}: {time.monotonic() - started:.0f} s")
        if code != 0:
            output.seek(0)
            say(output.read()[-3000:])
            raise SystemExit(f"portico: could not {what}; {remedy}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
