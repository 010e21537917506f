"""`./portico status` for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

COLOURS = {"ready": "green", "up": "green", "closed": "green", "streaming": "green", "starting": "yellow"}


def render(status: dict[str, Any]) -> None:
    """Print the status as tables."""
    console = Console()
    word = "[green]ready[/green]" if status["ready"] else "[yellow]not ready[/yellow]"
    console.print(f"[bold]{status['address']}[/bold] {word}")
    zones = "  ".join(f"zone {zone}: {coloured(state)}" for zone, state in status["zones"].items())
    breakers = "  ".join(f"{partner}: {coloured(state)}" for partner, state in status["breakers"].items())
    console.print(zones)
    console.print(f"breakers  {breakers}")
    database = status["database"]
    console.print(f"primary   {database['primary'] or '[red]none[/red]'}")
    for replica in database["replicas"]:
        lag = f"{replica['lag_bytes']:,} bytes behind"
        console.print(f"replica   {replica['name']}: {coloured(replica['state'])}, {replica['sync']}, {lag}")
    console.print(processes_table(status["processes"]))
    for account in status["accounts"]:
        console.print(f"{account['role']:<14} {account['email']:<34} {account['password']}", highlight=False)


def processes_table(processes: list[dict[str, Any]]) -> Table:
    """Return the processes as a table."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("process", "zone", "state", "address", "pid", "restarts", "memory"):
        table.add_column(heading, justify="right" if heading in {"pid", "restarts", "memory"} else "left")
    for process in processes:
        table.add_row(
            process["name"],
            process["zone"] or "-",
            coloured(process["state"]),
            process["address"] or "-",
            str(process["pid"] or "-"),
            str(process["restarts"]),
            f"{process['rss_bytes'] / 2**20:.0f} MiB",
        )
    return table


def coloured(word: str) -> str:
    """Return a word in the colour of what it means."""
    colour = COLOURS.get(word, "red")
    return f"[{colour}]{word}[/{colour}]"
