CREATE TABLE card (
    id TEXT NOT NULL PRIMARY KEY,
    serial_mac BYTEA NOT NULL,
    serial_alone BIGINT NOT NULL,
    bind_mac BYTEA,
    eid TEXT NOT NULL,
    iccid TEXT NOT NULL,
    imsi TEXT NOT NULL,
    msisdn TEXT,
    carrier TEXT NOT NULL,
    activation_code TEXT,
    batch TEXT NOT NULL,
    order_ref TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    account TEXT,
    bound_at BIGINT
);
CREATE UNIQUE INDEX card_serial ON card (serial_mac);
CREATE UNIQUE INDEX card_eid ON card (eid);
CREATE UNIQUE INDEX card_iccid ON card (iccid);
CREATE UNIQUE INDEX card_imsi ON card (imsi);
CREATE UNIQUE INDEX card_msisdn ON card (msisdn);

CREATE TABLE pool (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX pool_owner ON pool (owner);

CREATE TABLE line (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    card TEXT NOT NULL,
    pool TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    opened_at BIGINT
);
CREATE UNIQUE INDEX line_card ON line (card);
CREATE INDEX line_account ON line (account, created_at);
CREATE INDEX line_pool ON line (pool);
