-- The consent by which it was placed; none if a person placed it.
ALTER TABLE orders ADD COLUMN renewal_id TEXT;
