-- step 1: create table person
CREATE TABLE person (
    id uuid PRIMARY KEY,
    nick text NOT NULL,
    password text NOT NULL,
    about text,
    seen text,
    photo bytea,
    photo_type text,
    photo_name text
);
CREATE UNIQUE INDEX person_nick_key ON person (nick);
