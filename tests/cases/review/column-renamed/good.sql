SET lock_timeout = '2s';
ALTER TABLE orders RENAME CONSTRAINT a TO b;
