SET lock_timeout = '5s';
UPDATE loans SET state = 'open' WHERE state IS NULL;
