-- step 1: drop score
DROP TABLE score;

-- step 2: drop singer
DROP TABLE singer;
