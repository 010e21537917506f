"""E-mails that were asked for, and whether they left. Neither addresses nor contents are kept."""

from __future__ import annotations

from portico_kit.migrations import execute_script

revision = "0001"
down_revision = None

EMAILS = """
CREATE TABLE email (
    id uuid PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    request_hash bytea NOT NULL,
    status text NOT NULL DEFAULT 'sending' CHECK (status IN ('sending', 'sent')),
    attempted_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    """Make everything."""
    execute_script(EMAILS)
