-- One row per order. Moved along by conditional UPDATE alone; `state` stands in every WHERE.
CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    line_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    -- The promise, frozen: JSON of basis::Terms, and the price.
    terms TEXT NOT NULL,
    currency TEXT NOT NULL,
    price_minor BIGINT NOT NULL CHECK (price_minor > 0),
    wallet_minor BIGINT NOT NULL CHECK (wallet_minor >= 0 AND wallet_minor <= price_minor),
    -- JSON list of the orders whose bundles end when this one is active.
    replaces TEXT NOT NULL,
    state TEXT NOT NULL,
    -- How many timeline rows there are: the number of the last one.
    events BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    paid_at BIGINT,
    -- The payment that settled it; none if the wallet paid all.
    payment_id TEXT,
    -- Fixed by the transaction that sets `delivering`; retries never choose again.
    pool_id TEXT,
    carrier TEXT,
    deliver_by BIGINT,
    gave_up_at BIGINT,
    active_at BIGINT,
    starts_at BIGINT,
    ends_at BIGINT,
    -- Its bundle was closed early (a change of plan, an operator's refund), and what that credited.
    closed_at BIGINT,
    credit_minor BIGINT NOT NULL,
    refund_wallet_minor BIGINT NOT NULL CHECK (refund_wallet_minor >= 0 AND refund_wallet_minor <= wallet_minor),
    refund_source_minor BIGINT NOT NULL CHECK (refund_source_minor >= 0 AND refund_source_minor <= price_minor - wallet_minor)
);
CREATE INDEX orders_of_account ON orders (account_id, created_at);
CREATE INDEX orders_of_line ON orders (line_id, created_at);
CREATE INDEX orders_in_state ON orders (state, created_at);

-- Idempotency: the same key of the same account gives the same answer, or 409 for other content.
CREATE TABLE order_key (
    account_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    order_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, key)
);

-- What happened to an order, in words' data: JSON of orders::Happening.
CREATE TABLE order_event (
    order_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    happening TEXT NOT NULL,
    PRIMARY KEY (order_id, seq)
);
