-- The last number given in a series: it and the paper that bears it are written in one transaction, so none is left out.
CREATE TABLE receipt_counter (
    entity TEXT NOT NULL,
    series TEXT NOT NULL,
    year BIGINT NOT NULL,
    last BIGINT NOT NULL CHECK (last > 0),
    PRIMARY KEY (entity, series, year)
);

-- Receipts and credit notes. Written once: no statement of this project updates or deletes one.
CREATE TABLE receipt (
    number TEXT NOT NULL PRIMARY KEY,
    entity TEXT NOT NULL,
    series TEXT NOT NULL,
    year BIGINT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq > 0),
    order_id TEXT NOT NULL,
    -- What it is about: the sale, a change of plan, a refund. Each has one paper.
    cause TEXT NOT NULL,
    -- The receipt that a credit note corrects.
    corrects TEXT,
    account_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    gross_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    -- All that stands on it: JSON of receipts::Content.
    content TEXT NOT NULL,
    given_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX receipt_seq ON receipt (entity, series, year, seq);
CREATE UNIQUE INDEX receipt_cause ON receipt (order_id, cause);
CREATE INDEX receipt_of_account ON receipt (account_id, given_at);

-- Orders that were paid before there were receipts get theirs now.
INSERT INTO job (id, kind, key, payload, state, run_at, attempts, created_at)
SELECT 'job_' || substr(id, 5), 'order.receipt', id, '{"order":"' || id || '"}', 'ready', paid_at, 0, paid_at
FROM orders WHERE paid_at IS NOT NULL;
