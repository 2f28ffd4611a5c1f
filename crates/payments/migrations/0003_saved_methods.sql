-- A code that the payer's wallet scans, instead of a page to go to.
ALTER TABLE payment ADD COLUMN pay_code TEXT;
-- 1: the payer lets us keep the method that they pay with.
ALTER TABLE payment ADD COLUMN save_method BIGINT NOT NULL DEFAULT 0;

-- A method that a payer let us charge again without them. Removed rows stay: they say when consent ended.
CREATE TABLE saved_method (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    method TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX saved_method_reference ON saved_method (provider, reference);
CREATE INDEX saved_method_account ON saved_method (account_id, created_at);
