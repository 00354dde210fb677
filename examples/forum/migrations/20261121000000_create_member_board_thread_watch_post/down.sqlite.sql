-- step 1: drop post; drop watch; drop thread; drop board; drop member
DROP TABLE post;
DROP TABLE watch;
DROP TABLE thread;
DROP TABLE board;
DROP TABLE member;
