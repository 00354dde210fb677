SET lock_timeout = '2s';
CREATE TABLE fresh (id int);
ALTER TABLE fresh RENAME TO purchases;
