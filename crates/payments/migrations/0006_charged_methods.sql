-- The kept method that a payment is charged by without its payer; written before the charge goes out.
ALTER TABLE payment ADD COLUMN saved_id TEXT;
-- When a charge by it last went out.
ALTER TABLE saved_method ADD COLUMN charged_at BIGINT;
-- When it was refused for good: it is not charged until its owner names it anew.
ALTER TABLE saved_method ADD COLUMN refused_at BIGINT;
