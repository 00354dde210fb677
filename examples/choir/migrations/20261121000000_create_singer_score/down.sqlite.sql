-- step 1: drop score; drop singer
DROP TABLE score;
DROP TABLE singer;
