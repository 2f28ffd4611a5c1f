-- A case for a person. `cause` names what opened it, so that the same cause opens one case.
CREATE TABLE review (
    id TEXT NOT NULL PRIMARY KEY,
    cause TEXT NOT NULL UNIQUE,
    order_id TEXT,
    payment_id TEXT,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    resolved_at BIGINT,
    resolved_by TEXT,
    resolution TEXT,
    note TEXT
);
CREATE INDEX review_open ON review (resolved_at, opened_at);
CREATE INDEX review_of_order ON review (order_id);
