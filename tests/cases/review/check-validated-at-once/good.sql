SET lock_timeout = '2s';
ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0) NOT VALID;
