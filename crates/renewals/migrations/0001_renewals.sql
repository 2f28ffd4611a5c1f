-- What a person agreed to: this plan again for this line, at most at this price. What was agreed never changes; another wish
-- is another row, and this one is off.
CREATE TABLE renewal (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    line_id TEXT NOT NULL,
    -- The line while it holds: one consent at a time. One that waits for its first order stands beside it.
    live_line_id TEXT,
    plan_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- Never more than this.
    price_minor BIGINT NOT NULL CHECK (price_minor > 0),
    -- Due when so many days, or so many per cent of the data, are left.
    days_left BIGINT NOT NULL,
    percent_left BIGINT,
    -- 1: the wallet pays what it can.
    wallet_first BIGINT NOT NULL,
    -- nothing, saved or link: how the rest is paid.
    rest TEXT NOT NULL,
    saved_id TEXT,
    -- It holds once this order is active; none: at once.
    first_order_id TEXT,
    -- waiting, on, needs_you or off.
    state TEXT NOT NULL,
    -- Why a person has to look.
    reason TEXT,
    agreed_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    off_at BIGINT
);
CREATE UNIQUE INDEX renewal_live ON renewal (live_line_id);
CREATE INDEX renewal_of_line ON renewal (line_id, state);
CREATE INDEX renewal_of_first_order ON renewal (first_order_id);
CREATE INDEX renewal_of_account ON renewal (account_id, agreed_at);

-- One end of a plan, renewed at most once: by us, or by the person's own hand.
CREATE TABLE renewal_period (
    line_id TEXT NOT NULL,
    -- The bundle that ends; its order.
    bundle_id TEXT NOT NULL,
    renewal_id TEXT NOT NULL,
    -- open, bought, by_hand, asked or over.
    state TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    -- After this nothing is tried any more.
    until_at BIGINT NOT NULL,
    -- How often it was tried; the next not before.
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    -- The order that is under way.
    order_id TEXT,
    -- What its buyer was told last.
    told TEXT,
    PRIMARY KEY (line_id, bundle_id)
);
CREATE INDEX renewal_period_open ON renewal_period (renewal_id, state);

-- Each automatic order.
CREATE TABLE renewal_order (
    order_id TEXT NOT NULL PRIMARY KEY,
    renewal_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    line_id TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    placed_at BIGINT NOT NULL,
    -- When it was certain that it cost nothing.
    failed_at BIGINT
);
CREATE INDEX renewal_order_of_period ON renewal_order (line_id, bundle_id);
CREATE INDEX renewal_order_of_account ON renewal_order (account_id, placed_at);

-- One row per account: whoever buys for it counts here first, so that no two do at once.
CREATE TABLE renewal_pace (
    account_id TEXT NOT NULL PRIMARY KEY,
    orders BIGINT NOT NULL
);
