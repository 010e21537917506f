"""An index in the order in which seat maps are read, and orders whose charge is still looked for."""

from __future__ import annotations

from portico_kit.migrations import execute_script

revision = "0002"
down_revision = "0001"

# The new index also serves what the old one did: standing places have no row.
SEAT_ORDER = """
CREATE INDEX seat_in_order ON seat (event_id, section, row_label, number);
DROP INDEX seat_of_section;
"""
SOUGHT_CHARGES = """
ALTER TABLE orders ADD COLUMN charge_sought boolean NOT NULL DEFAULT false,
                   ADD COLUMN looks integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN orders.charge_sought IS 'it ended without an answer about its charge, which may yet appear';
COMMENT ON COLUMN orders.looks IS 'how many looks for a charge were scheduled';
CREATE INDEX orders_charge_sought ON orders (settled_at) WHERE charge_sought;
"""


def upgrade() -> None:
    """Add both."""
    execute_script(SEAT_ORDER)
    execute_script(SOUGHT_CHARGES)
