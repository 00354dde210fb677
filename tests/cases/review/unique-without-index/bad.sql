SET lock_timeout = '2s';
ALTER TABLE customers ADD CONSTRAINT u UNIQUE (email);
