SET lock_timeout = '5s';
ALTER TABLE loans ALTER COLUMN due_at TYPE timestamptz USING due_at AT TIME ZONE 'UTC';
