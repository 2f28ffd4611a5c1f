-- Octets by pool, line, bundle ('' if none paid) and hour (its first millisecond): who used what of which.
CREATE TABLE charging_pool_usage (
    pool TEXT NOT NULL,
    line TEXT NOT NULL,
    bundle TEXT NOT NULL,
    hour BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    PRIMARY KEY (pool, hour, line, bundle)
);

-- What people are to be told: so much of a bundle's window, or of a member's cap, is used. `line` is whose own the
-- bundle is, or whose cap; it is absent for a shared bundle. Each row is made once, and taken once.
CREATE TABLE charging_notice (
    notice TEXT NOT NULL PRIMARY KEY,
    pool TEXT NOT NULL,
    line TEXT,
    bundle TEXT,
    cap TEXT,
    percent BIGINT NOT NULL,
    at BIGINT NOT NULL,
    taken_at BIGINT
);
CREATE INDEX charging_notice_waiting ON charging_notice (taken_at, at);
