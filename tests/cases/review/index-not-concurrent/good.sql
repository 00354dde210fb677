CREATE INDEX CONCURRENTLY orders_status ON orders (status);
CREATE TABLE notes (id bigint PRIMARY KEY, body text);
CREATE UNIQUE INDEX notes_body ON notes (body);
