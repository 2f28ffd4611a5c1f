-- When the buyer called the order off: money that comes nevertheless goes back.
ALTER TABLE orders ADD COLUMN called_off_at BIGINT;
-- The one order that may end this one's bundle, from the moment when that is being delivered.
ALTER TABLE orders ADD COLUMN replaced_by TEXT;
