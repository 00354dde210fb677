-- step 1: create table member
CREATE TABLE member (id uuid PRIMARY KEY, email text NOT NULL, password text NOT NULL);
CREATE UNIQUE INDEX member_email_key ON member (email);

-- step 2: create table book
CREATE TABLE book (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    pages bigint,
    lent boolean NOT NULL,
    due date,
    keeper_id uuid NOT NULL REFERENCES member (id) ON DELETE RESTRICT,
    created_at timestamptz NOT NULL
);
