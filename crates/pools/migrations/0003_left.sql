-- What was set for a line when it left, for a while: it holds again for whoever comes back.
CREATE TABLE pool_left (
    pool TEXT NOT NULL,
    line TEXT NOT NULL,
    account TEXT NOT NULL,
    cap_day BIGINT,
    cap_month BIGINT,
    cap_all BIGINT,
    paused BIGINT NOT NULL,
    left_at BIGINT NOT NULL,
    PRIMARY KEY (pool, line)
);
CREATE INDEX pool_left_account ON pool_left (pool, account);
CREATE INDEX pool_left_at ON pool_left (left_at);
