-- One row is one batch of one shard: what it holds is decided before it is written and never changes.
CREATE TABLE charging_log (
    shard BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (shard, seq)
);

-- Who writes which shard. The rows are made once; their number is the number of shards for ever.
-- `trimmed` is the highest seq that has been removed from the log, behind the snapshot and every cursor.
CREATE TABLE charging_shard (
    shard BIGINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    node TEXT NOT NULL,
    lease BIGINT NOT NULL,
    trimmed BIGINT NOT NULL
);

-- The state of a shard after `seq`, in slices 1..n; slice 0 is written last and says that it is whole.
CREATE TABLE charging_snapshot (
    shard BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    slice BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (shard, seq, slice)
);
