-- step 1: create table person
CREATE TABLE person (
    id TEXT PRIMARY KEY NOT NULL,
    nick TEXT NOT NULL,
    password TEXT NOT NULL,
    about TEXT,
    seen TEXT,
    photo BLOB,
    photo_type TEXT,
    photo_name TEXT
) STRICT;
CREATE UNIQUE INDEX person_nick_key ON person (nick);
