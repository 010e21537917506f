"""`python -m portico_runtime`: what `./portico` runs."""

from __future__ import annotations

from portico_runtime.cli import main

if __name__ == "__main__":
    main(prog_name="./portico")
