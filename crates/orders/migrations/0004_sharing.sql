-- The shared pool that it was bought for; none if it is the line's own. Delivered there or not at all.
ALTER TABLE orders ADD COLUMN shared_pool_id TEXT;
