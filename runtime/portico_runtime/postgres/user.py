"""PostgreSQL refuses to run as root. Where we are root, it runs as an unprivileged user.

That user keeps one capability, to pass folders it may not read, so that a checkout under `/root` works.
PostgreSQL only looks at the user, and its files are that user's own.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from portico_runtime.problems import OperatorError

UNPRIVILEGED_USERS = ("postgres", "nobody")
CAPABILITY = "-all,+dac_override"
CAPABILITY_BITS = 1 << 1 | 1 << 8  # CAP_DAC_OVERRIDE, and CAP_SETPCAP to pass it on (linux/capability.h)


def as_postgres_user(command: list[str]) -> list[str]:
    """Return the command as the user that PostgreSQL runs as: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise OperatorError(
            "PostgreSQL does not run as root", "install setpriv (util-linux), or use another user"
        )
    user = unprivileged_user()
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    kinds = ("inh-caps", "ambient-caps", "bounding-set") if may_pass_capability() else ()
    return [setpriv, *identity, *(f"--{kind}={CAPABILITY}" for kind in kinds), *command]


def may_pass_capability() -> bool:
    """Whether we have the capability; some containers' root has not, and then folders must be open."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16) & CAPABILITY_BITS == CAPABILITY_BITS
    return False


def unprivileged_user() -> pwd.struct_passwd:
    """Return the user to run as when we are root."""
    known = {user.pw_name: user for user in pwd.getpwall()}
    for name in UNPRIVILEGED_USERS:
        if name in known:
            return known[name]
    raise OperatorError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody",
        "add a user postgres",
    )


def give_to_postgres_user(path: Path) -> None:
    """Make a file or an empty folder belong to the user that PostgreSQL runs as."""
    if os.geteuid() == 0:
        user = unprivileged_user()
        os.chown(path, user.pw_uid, user.pw_gid)
