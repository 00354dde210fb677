SET lock_timeout = '2s';
DELETE FROM berths WHERE true;
