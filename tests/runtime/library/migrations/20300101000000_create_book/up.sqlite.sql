-- step 1: create table member
CREATE TABLE member (id TEXT NOT NULL PRIMARY KEY, email TEXT NOT NULL, password TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX member_email_key ON member (email);

-- step 2: create table book
CREATE TABLE book (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    pages INTEGER,
    lent INTEGER NOT NULL,
    due TEXT,
    keeper_id TEXT NOT NULL REFERENCES member (id) ON DELETE RESTRICT,
    created_at TEXT NOT NULL
) STRICT;
