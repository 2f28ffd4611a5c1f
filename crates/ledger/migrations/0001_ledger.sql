-- Append-only: no statement of this project updates or deletes a transfer.
CREATE TABLE ledger_transfer (
    id TEXT NOT NULL PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    phase TEXT NOT NULL,
    hold_id TEXT,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    order_id TEXT,
    payment_id TEXT,
    made_at BIGINT NOT NULL
);
CREATE INDEX ledger_transfer_debit ON ledger_transfer (debit, currency, made_at);
CREATE INDEX ledger_transfer_credit ON ledger_transfer (credit, currency, made_at);
CREATE INDEX ledger_transfer_order ON ledger_transfer (order_id);

-- The only balances that are kept: they have a floor. Changed by conditional UPDATE alone.
CREATE TABLE ledger_wallet (
    account_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    balance_minor BIGINT NOT NULL CHECK (balance_minor >= 0),
    held_minor BIGINT NOT NULL CHECK (held_minor >= 0),
    PRIMARY KEY (account_id, currency)
);

-- Sums of system books up to a moment that no open transaction can still write before.
CREATE TABLE ledger_checkpoint (
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    until_at BIGINT NOT NULL,
    debits_minor BIGINT NOT NULL,
    credits_minor BIGINT NOT NULL,
    PRIMARY KEY (book, currency, until_at)
);
