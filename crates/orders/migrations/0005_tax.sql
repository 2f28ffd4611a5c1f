-- The tax that the price holds, frozen when it was paid: JSON of orders::rules::Tax. None if no rate held.
ALTER TABLE orders ADD COLUMN tax TEXT;
