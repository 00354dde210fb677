SET lock_timeout = '5s';
CREATE TABLE tags (id bigint PRIMARY KEY, name text NOT NULL);
CREATE UNIQUE INDEX tags_name ON tags (name);
ALTER TABLE tags ADD CONSTRAINT c CHECK (name <> '');
