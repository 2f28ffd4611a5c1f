-- Of its price, what its payer contests at the provider, or has taken back there.
ALTER TABLE orders ADD COLUMN contested_minor BIGINT NOT NULL DEFAULT 0;
-- Of that, what its payer has taken back for good.
ALTER TABLE orders ADD COLUMN lost_minor BIGINT NOT NULL DEFAULT 0;
-- When a dispute that had held it up was won: its time to be delivered begins anew.
ALTER TABLE orders ADD COLUMN resumed_at BIGINT;
