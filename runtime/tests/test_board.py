from __future__ import annotations

import errno
import io

from rich.console import Console

from portico_runtime.board import Board


def board(*, terminal: bool) -> tuple[Board, io.StringIO]:
    out = io.StringIO()
    return Board(Console(file=out, force_terminal=terminal, width=100)), out


def test_without_a_terminal_each_change_is_a_line() -> None:
    shown, out = board(terminal=False)
    with shown.live():
        shown.observe("envoy", "waiting", "stacks")
        shown.observe("envoy", "running", "")
        shown.observe("envoy", "done", "0.3 s")
    lines = out.getvalue().splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["envoy: running", "envoy: done (0.3 s)"]


def test_what_a_process_said_is_shown_as_it_is() -> None:
    shown, out = board(terminal=False)
    detail = "[Errno 98] [bold]address[/bold] in use " + "x" * 200
    shown.observe("envoy", "restarting", detail)
    assert detail in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_on_a_terminal_the_board_says_what_is_waited_for_and_how_long() -> None:
    shown, out = board(terminal=True)
    with shown.live():
        shown.observe("envoy", "waiting", "stacks")
        shown.observe("stacks", "running", "")
        shown.observe("emulator", "done", "1.2 s")
    assert "waits for stacks" in out.getvalue()
    assert "1 of 3" in out.getvalue()
    shown.observe("envoy", "restarting", "was killed by SIGKILL")  # afterwards: lines
    assert out.getvalue().endswith("envoy: restarting (was killed by SIGKILL)\n")


class FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_silences_the_board_and_nothing_else() -> None:
    Board(Console(file=FullDisk(), width=100)).observe("envoy", "restarting", "was killed by SIGKILL")
