SET lock_timeout = '2s';
WITH newest AS (SELECT max(id) AS top FROM berths)
UPDATE berths SET deck = (SELECT top FROM newest WHERE top > 0);
