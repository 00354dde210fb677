-- step 1: drop table person
DROP TABLE person;
