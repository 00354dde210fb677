SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN t numeric GENERATED ALWAYS AS (a + b) STORED;
