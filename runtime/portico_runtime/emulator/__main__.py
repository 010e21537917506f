"""`python -m portico_runtime.emulator`: the emulator on PORT of loopback, with its state in STATE_DIR."""

from __future__ import annotations

from portico_runtime.emulator.launcher import main

if __name__ == "__main__":
    main()
