SET lock_timeout = '5s';
ALTER TABLE loans ADD COLUMN total numeric GENERATED ALWAYS AS (price * days) STORED;
