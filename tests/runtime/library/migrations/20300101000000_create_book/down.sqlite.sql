-- step 1: drop table book
DROP TABLE book;

-- step 2: drop table member
DROP TABLE member;
