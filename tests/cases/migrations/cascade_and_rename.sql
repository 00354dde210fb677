SET lock_timeout = '5s';
DROP TABLE old_loans CASCADE;
ALTER TABLE loans RENAME TO lendings;
ALTER TABLE lendings RENAME COLUMN due TO due_at;
