SET lock_timeout = '5s';
ALTER TABLE loans SET LOGGED;
CLUSTER loans USING loans_pkey;
