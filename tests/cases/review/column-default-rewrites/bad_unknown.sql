SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN t text DEFAULT my_own_name(1);
