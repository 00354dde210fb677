SET lock_timeout = '2s';
DROP INDEX IF EXISTS i;
