SET lock_timeout = '5s';
ALTER TABLE loans ADD COLUMN number bigserial;
