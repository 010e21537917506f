"""Failures that a person can do something about: one line that says what is wrong, and the remedy."""

from __future__ import annotations

import errno

DISK_FULL_REMEDY = "free some space, or use another disk: --state DIR"
WIPE_REMEDY = "if its data are damaged, start anew: ./portico down --wipe"
DISK_FULL_SIGNS = ("No space left on device", "ENOSPC", "could not extend file", "Disk quota exceeded")
DISK_FULL_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT})
FORBIDDEN_NUMBERS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class OperatorError(Exception):
    """Shown on the command line as it is, without a stack."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


def explained(error: Exception) -> OperatorError:
    """Return a failure of a part of the system, or of the operating system, as one line with its remedy."""
    if isinstance(error, OperatorError):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        return explained_by_number(error)
    text = " | ".join(line.strip() for line in str(error).splitlines() if line.strip())
    if any(sign in text for sign in DISK_FULL_SIGNS):
        return OperatorError(f"the disk is full ({text.partition(':')[0]})", DISK_FULL_REMEDY)
    if "Permission denied" in text:
        return OperatorError(text, "use folders that the user of that process may enter: --state DIR")
    return OperatorError(text or type(error).__name__, f"read ./portico logs; {WIPE_REMEDY}")


def explained_by_number(error: OSError) -> OperatorError:
    """Return what the operating system refused as one line."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in DISK_FULL_NUMBERS:
        return OperatorError(f"the disk is full{where}", DISK_FULL_REMEDY)
    if error.errno in FORBIDDEN_NUMBERS:
        return OperatorError(
            f"{error.strerror}{where}", "be the user who owns it, or use another folder: --state DIR"
        )
    return OperatorError(f"{error.strerror or error}{where}", "see ./portico logs")
