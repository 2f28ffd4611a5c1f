CREATE TABLE push_key (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE push_device (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    session TEXT NOT NULL,
    endpoint_mac BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX push_device_session ON push_device (session);
CREATE UNIQUE INDEX push_device_endpoint ON push_device (endpoint_mac);
CREATE INDEX push_device_account ON push_device (account, created_at);
CREATE INDEX push_device_created ON push_device (created_at);
