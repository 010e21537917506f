"""PostgreSQL refuses to run as root. Where we are root, it runs as an unprivileged user.

That user keeps one capability, to pass folders it may not read: a checkout or a state folder under `/root` works too.
PostgreSQL only looks at the user, and its files are that user's own.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

UNPRIVILEGED_USERS = ("postgres", "nobody")
CAPABILITY = "-all,+dac_override"


class NoPostgresUserError(RuntimeError):
    """We are root and have no way to run PostgreSQL as somebody else."""


def as_postgres_user(command: list[str]) -> list[str]:
    """Return the command as the user that PostgreSQL runs as: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NoPostgresUserError("PostgreSQL does not run as root: install `setpriv` (util-linux), or use another user")
    user = unprivileged_user()
    capabilities = [f"--{kind}={CAPABILITY}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *capabilities, *command]


def unprivileged_user() -> pwd.struct_passwd:
    """Return the user to run as when we are root."""
    known = {user.pw_name: user for user in pwd.getpwall()}
    for name in UNPRIVILEGED_USERS:
        if name in known:
            return known[name]
    raise NoPostgresUserError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def give_to_postgres_user(folder: Path) -> None:
    """Make an empty folder belong to the user that PostgreSQL runs as."""
    if os.geteuid() == 0:
        user = unprivileged_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
