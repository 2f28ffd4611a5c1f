CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    verified_at BIGINT,
    language TEXT NOT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    reset_at BIGINT,
    suspended_at BIGINT
);
CREATE UNIQUE INDEX account_email ON account (email_folded);

CREATE TABLE login_session (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    agent TEXT NOT NULL,
    ip TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    fresh_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX login_session_token ON login_session (token_hash);
CREATE INDEX login_session_account ON login_session (account, used_at);

CREATE TABLE api_token (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    fresh_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_token_token ON api_token (token_hash);
CREATE INDEX api_token_account ON api_token (account, used_at);

CREATE TABLE mail_code (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    purpose TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    tries BIGINT NOT NULL
);
CREATE INDEX mail_code_account ON mail_code (account, purpose, created_at);
