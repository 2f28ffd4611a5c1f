-- A line on its way to another pool: the move's id, and where it goes.
ALTER TABLE line ADD COLUMN move_id TEXT;
ALTER TABLE line ADD COLUMN moves_to TEXT;
