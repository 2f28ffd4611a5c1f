-- A pool that several people share. Its id is the charging pool's; a line that nobody shares with has a pool without a row here.
CREATE TABLE shared_pool (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    -- How often it has changed. Every change of a pool begins by counting here, so no two happen at once.
    changes BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX shared_pool_owner ON shared_pool (owner);

-- One row per line in a shared pool; a line is in one at most. An account has one role for all its lines.
CREATE TABLE pool_member (
    line TEXT NOT NULL PRIMARY KEY,
    pool TEXT NOT NULL,
    account TEXT NOT NULL,
    -- What the others call it.
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- joining, in or leaving: the first and the last while its data moves.
    state TEXT NOT NULL,
    -- The pool that it came from and goes back to; none of the line that the pool began with.
    home TEXT,
    joined_at BIGINT NOT NULL,
    -- Octets that it may take of what is shared: per 24 hours, in the last 30 days, in all.
    cap_day BIGINT,
    cap_month BIGINT,
    cap_all BIGINT,
    paused BIGINT NOT NULL
);
CREATE INDEX pool_member_pool ON pool_member (pool, joined_at);
CREATE INDEX pool_member_account ON pool_member (account);

-- A way in. The code that opens it is not here: it is computed from the id and the installation's key.
CREATE TABLE pool_invitation (
    id TEXT NOT NULL PRIMARY KEY,
    pool TEXT NOT NULL,
    role TEXT NOT NULL,
    -- Where it was mailed to; none if it is handed over as a link.
    email TEXT,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    withdrawn_at BIGINT
);
CREATE INDEX pool_invitation_pool ON pool_invitation (pool, created_at);

-- What is told once only: notices about allowances that come back every day.
CREATE TABLE pool_told (
    what TEXT NOT NULL PRIMARY KEY,
    told_at BIGINT NOT NULL
);
