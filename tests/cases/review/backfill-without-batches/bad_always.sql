SET lock_timeout = '2s';
UPDATE berths SET deck = 1 WHERE 1 = 1;
