SET lock_timeout = '2s';
UPDATE berths SET deck = found.deck FROM (SELECT 1 AS deck WHERE true) AS found;
