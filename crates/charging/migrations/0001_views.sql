-- What pages and reports read. Written behind the log: every table here can be made again from it.

-- How far each shard's log has been written behind, in the same transaction as what was written.
CREATE TABLE charging_cursor (
    shard BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);

-- Every bundle that was ever delivered. granted = available + reserved + used + expired + closed; what is
-- available or reserved at the moment only the engine knows.
CREATE TABLE charging_bundle (
    bundle TEXT NOT NULL PRIMARY KEY,
    pool TEXT NOT NULL,
    line TEXT,
    state TEXT NOT NULL,
    credited_at BIGINT NOT NULL,
    started_at BIGINT,
    ends_at BIGINT,
    ended_at BIGINT,
    validity_ms BIGINT NOT NULL,
    total BIGINT NOT NULL,
    granted BIGINT NOT NULL,
    used BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    closed BIGINT NOT NULL
);
CREATE INDEX charging_bundle_pool ON charging_bundle (pool, credited_at);

-- Octets by line, visited country ('' while unknown) and hour (its first millisecond).
CREATE TABLE charging_usage_hour (
    line TEXT NOT NULL,
    country TEXT NOT NULL,
    hour BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    PRIMARY KEY (line, hour, country)
);

-- Sessions that are open, or over for less than a day.
CREATE TABLE charging_session (
    session TEXT NOT NULL PRIMARY KEY,
    pool TEXT NOT NULL,
    line TEXT NOT NULL,
    country TEXT,
    opened_at BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    ended_at BIGINT,
    octets BIGINT NOT NULL
);
CREATE INDEX charging_session_line ON charging_session (line, opened_at);
