CREATE INDEX renewal_of_saved ON renewal (saved_id);
