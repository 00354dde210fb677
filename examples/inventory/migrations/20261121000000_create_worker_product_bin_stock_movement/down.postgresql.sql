-- step 1: drop movement
DROP TABLE movement;

-- step 2: drop stock
DROP TABLE stock;

-- step 3: drop bin
DROP TABLE bin;

-- step 4: drop product
DROP TABLE product;

-- step 5: drop worker
DROP TABLE worker;
