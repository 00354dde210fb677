-- step 1: drop table note
DROP TABLE note;

-- step 2: drop table person
DROP TABLE person;
