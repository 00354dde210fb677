SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN id_new bigint;
