-- One attempt to pay. The totals count its first capture; extra captures have rows of their own.
CREATE TABLE payment (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    order_id TEXT,
    provider TEXT NOT NULL,
    method TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    state TEXT NOT NULL,
    provider_ref TEXT,
    redirect_url TEXT,
    captured_minor BIGINT NOT NULL,
    refunded_minor BIGINT NOT NULL,
    failure TEXT,
    description TEXT NOT NULL,
    language TEXT NOT NULL,
    return_url TEXT NOT NULL,
    request_key TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    checked_at BIGINT
);
CREATE UNIQUE INDEX payment_provider_ref ON payment (provider, provider_ref);
CREATE INDEX payment_account ON payment (account_id, created_at);
CREATE INDEX payment_order ON payment (order_id);
CREATE INDEX payment_created ON payment (provider, created_at);

-- Which payment funds an order: the first one captured, for ever.
CREATE TABLE payment_funding (
    order_id TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL
);

-- Every capture that a provider ever showed us, once.
CREATE TABLE payment_capture (
    provider TEXT NOT NULL,
    capture_ref TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    returned_minor BIGINT NOT NULL CHECK (returned_minor >= 0 AND returned_minor <= amount_minor),
    fate TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (provider, capture_ref)
);
CREATE INDEX payment_capture_payment ON payment_capture (payment_id);

-- Money on its way back to its source.
CREATE TABLE payment_refund (
    id TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL,
    order_id TEXT,
    provider TEXT NOT NULL,
    capture_ref TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    provider_ref TEXT,
    failure TEXT,
    reason TEXT NOT NULL,
    request_key TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX payment_refund_payment ON payment_refund (payment_id);
CREATE INDEX payment_refund_order ON payment_refund (order_id);

-- Every message that passed its signature check, as it came.
CREATE TABLE payment_inbox (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payment_id TEXT,
    headers TEXT NOT NULL,
    body BYTEA NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX payment_inbox_event ON payment_inbox (provider, event_id);
CREATE INDEX payment_inbox_received ON payment_inbox (received_at);

-- What a person should look at: money or messages that are not what was asked for.
CREATE TABLE payment_flag (
    key TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    payment_id TEXT,
    inbox_id TEXT,
    detail TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    resolved_at BIGINT
);
CREATE INDEX payment_flag_raised ON payment_flag (raised_at);
