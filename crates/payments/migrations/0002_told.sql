-- Which end of this refund its order was last told, so that a repeat of the job tells nothing twice.
ALTER TABLE payment_refund ADD COLUMN told TEXT;
