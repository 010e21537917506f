"""The command line of a deployable: `python -m <package> [serve|migrate|…]`, serving by default."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import orjson


def run_command(package: str, commands: Sequence[Callable[[], None]]) -> int:
    """Run the command that the first argument names, the first one if there is none; return the exit code."""
    by_name = {command.__name__: command for command in commands}
    name = sys.argv[1] if len(sys.argv) > 1 else commands[0].__name__
    if name not in by_name:
        sys.stderr.write(f"{package}: there is no command {name}; use one of {', '.join(by_name)}\n")
        return 2
    by_name[name]()
    return 0


def write_json(value: object) -> None:
    """Print JSON, readable and always in the same order."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n")
