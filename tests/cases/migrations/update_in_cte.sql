SET lock_timeout = '5s';
WITH gone AS (DELETE FROM sessions RETURNING id) INSERT INTO audit SELECT id FROM gone;
