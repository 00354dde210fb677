-- step 1: create table person
CREATE TABLE person (id TEXT NOT NULL PRIMARY KEY, email TEXT NOT NULL, password TEXT NOT NULL, role TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX person_email_key ON person (email);

-- step 2: create table note
CREATE TABLE note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    rank INTEGER,
    at TEXT NOT NULL,
    owner_id TEXT NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
    version INTEGER NOT NULL
) STRICT;
