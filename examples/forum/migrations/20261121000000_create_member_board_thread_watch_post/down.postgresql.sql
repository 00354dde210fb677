-- step 1: drop post
DROP TABLE post;

-- step 2: drop watch
DROP TABLE watch;

-- step 3: drop thread
DROP TABLE thread;

-- step 4: drop board
DROP TABLE board;

-- step 5: drop member
DROP TABLE member;
