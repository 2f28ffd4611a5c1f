-- Keys that have served their time are found by it.
CREATE INDEX order_key_created ON order_key (created_at);
