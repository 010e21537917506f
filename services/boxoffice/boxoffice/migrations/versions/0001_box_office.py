"""The box office: events, seats, holds, orders, tickets, ledger, outbox, idempotency keys."""

from __future__ import annotations

from portico_kit.idempotency import CREATE_TABLE as IDEMPOTENCY_KEY
from portico_kit.migrations import execute_script

revision = "0001"
down_revision = None

EVENT = """
CREATE TABLE event (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    organiser_id uuid NOT NULL,
    currency char(3) NOT NULL,
    starts_at timestamptz NOT NULL,
    document jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN event.document IS 'the durable copy: the document store is repaired from it';
CREATE TABLE section (
    event_id uuid NOT NULL REFERENCES event,
    id text NOT NULL,
    position integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('numbered', 'general')),
    price_cents integer NOT NULL CHECK (price_cents > 0),
    capacity integer NOT NULL CHECK (capacity > 0),
    PRIMARY KEY (event_id, id)
);
"""
# Room on each page for the versions that holding and selling make, so that they stay beside their row (HOT).
SEAT = """
CREATE TABLE seat (
    event_id uuid NOT NULL,
    id text NOT NULL,
    section text NOT NULL,
    row_label text,
    number integer NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents > 0),
    hold_id uuid,
    held_until timestamptz,
    order_id uuid,
    PRIMARY KEY (event_id, id),
    FOREIGN KEY (event_id, section) REFERENCES section,
    CHECK ((hold_id IS NULL) = (held_until IS NULL)),
    CHECK (order_id IS NULL OR hold_id IS NULL)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX seat_of_section ON seat (event_id, section, number);
CREATE TABLE hold (
    id uuid NOT NULL UNIQUE,
    event_id uuid NOT NULL,
    buyer_id text NOT NULL,
    seat_ids text[] NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, buyer_id)
);
"""
ORDERS = """
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    buyer_id text NOT NULL,
    event_id uuid NOT NULL REFERENCES event,
    organiser_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'confirmed', 'declined', 'expired', 'refunded')),
    reason text,
    seats jsonb NOT NULL,
    total_cents integer NOT NULL CHECK (total_cents > 0),
    currency char(3) NOT NULL,
    locale text NOT NULL,
    card_token text,
    charge_id text,
    refund_id text,
    correlation_id text NOT NULL,
    execution text,
    execution_started_at timestamptz,
    checkout_attempts integer NOT NULL DEFAULT 0,
    notify_attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    deadline_at timestamptz NOT NULL,
    settled_at timestamptz,
    notified_at timestamptz,
    CHECK (status <> 'confirmed' OR charge_id IS NOT NULL)
) WITH (fillfactor = 80);
COMMENT ON COLUMN orders.card_token IS 'a partner token, kept until the order ends';
CREATE INDEX orders_of_buyer ON orders (buyer_id, id);
CREATE INDEX orders_pending ON orders (deadline_at) WHERE status = 'pending';
CREATE INDEX orders_unnotified ON orders (settled_at) WHERE status = 'confirmed' AND notified_at IS NULL;
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    action text NOT NULL CHECK (action IN ('charge', 'reverse', 'notify')),
    execution text NOT NULL UNIQUE,
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_of_order ON outbox (order_id, id);
CREATE TABLE ticket (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    buyer_id text NOT NULL,
    event_id uuid NOT NULL,
    seat_id text NOT NULL,
    section text NOT NULL,
    row_label text,
    number integer NOT NULL,
    price_cents integer NOT NULL,
    status text NOT NULL DEFAULT 'live' CHECK (status IN ('live', 'void')),
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (event_id, seat_id) REFERENCES seat
);
CREATE UNIQUE INDEX ticket_one_live_a_seat ON ticket (event_id, seat_id) WHERE status = 'live';
CREATE INDEX ticket_of_order ON ticket (order_id);
CREATE INDEX ticket_of_buyer ON ticket (buyer_id, id);
"""
LEDGER = """
CREATE TABLE ledger_entry (
    id uuid PRIMARY KEY,
    transaction_id uuid NOT NULL,
    order_id uuid NOT NULL REFERENCES orders,
    account text NOT NULL,
    amount_cents bigint NOT NULL,
    currency char(3) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_entry_of_transaction ON ledger_entry (transaction_id);
CREATE FUNCTION ledger_transaction_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_entry WHERE transaction_id = NEW.transaction_id
               GROUP BY currency HAVING sum(amount_cents) <> 0) THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.transaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT OR UPDATE ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_transaction_is_balanced();
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
"""


def upgrade() -> None:
    """Make everything."""
    for statements in (EVENT, SEAT, ORDERS, LEDGER, IDEMPOTENCY_KEY):
        execute_script(statements)
